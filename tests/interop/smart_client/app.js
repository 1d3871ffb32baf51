// A web app whose SMART launch is carried out by the npm package `fhirclient` alone.
// Arguments: the folder of node_modules, client id, scope, and a secret or nothing.
"use strict";
const http = require("http");
const { createRequire } = require("module");

const [modules, clientId, scope, clientSecret] = process.argv.slice(2);
const smart = createRequire(`${modules}/`)("fhirclient");

const kept = {};
const storage = {
    get: async (key) => kept[key],
    set: async (key, value) => (kept[key] = value),
    unset: async (key) => delete kept[key],
};

async function answer(request, response) {
    const path = new URL(request.url, "http://app").pathname;
    const api = smart(request, response, storage);
    if (path === "/launch") {
        await api.authorize({ clientId, clientSecret, scope, redirectUri: "app" });
        return;
    }
    const client = await api.ready();
    const patient = await client.patient.read();
    const pages = await client.request(
        `Observation?patient=${client.patient.id}&_count=5`,
        { pageLimit: 0, flat: true },
    );
    const seen = {
        patient: patient.id,
        encounter: client.encounter.id,
        user: client.user.fhirUser,
        scores: pages.length,
        scope: client.state.tokenResponse.scope,
        pkce: Boolean(client.state.codeVerifier),
    };
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(seen));
}

const server = http.createServer((request, response) => {
    answer(request, response).catch((error) => {
        response.writeHead(500, { "Content-Type": "text/plain" });
        response.end(String(error && error.message));
    });
});
server.listen(0, "127.0.0.1", () => console.log(`READY ${server.address().port}`));
process.stdin.on("end", () => process.exit(0)).resume();
