// Computes the scores of many filled-in forms with fhirpath.js.
//
// node scores.mjs MODULES JOB < VECTORS > SCORES
//
// JOB is a file: { questionnaire, expressions, answers }, where answers[way][question]
// lists the response items that can be chosen. A line of VECTORS is [way, place, ...]
// with null for a blank; the line of SCORES that answers it is [score, ...] with null
// for an empty result. What a score is compared with is not known here.
import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, job] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const fhirpath = require("fhirpath");
const r4 = require("fhirpath/fhir-context/r4");

const { questionnaire, expressions, answers } = JSON.parse(readFileSync(job, "utf8"));
const compiled = expressions.map((each) => fhirpath.compile(each, r4));

function score([way, ...places]) {
  const resource = {
    resourceType: "QuestionnaireResponse",
    questionnaire: `${questionnaire.url}|${questionnaire.version}`,
    status: "completed",
    item: [],
  };
  places.forEach((place, question) => {
    if (place !== null) resource.item.push(answers[way][question][place]);
  });
  const context = { resource, questionnaire };
  return compiled.map((evaluate) => {
    const found = evaluate(resource, context);
    if (found.length > 1) throw new Error(`${found.length} results`);
    return found.length ? found[0] : null;
  });
}

let told = [];
for (const line of readFileSync(0, "utf8").split("\n")) {
  if (!line) continue;
  told.push(JSON.stringify(score(JSON.parse(line))));
  if (told.length === 5000) flush();
}
flush();

function flush() {
  if (told.length) writeSync(1, `${told.join("\n")}\n`);
  told = [];
}
