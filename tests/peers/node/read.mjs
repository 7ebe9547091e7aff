// SPDX-License-Identifier: Apache-2.0
// Two FHIR clients read what writeback.sh sent to a server:
//
//     read.mjs BASE GOLDEN     GOLDEN is tests/golden
import FHIR from 'fhirclient';
import { Client } from 'fhir-kit-client';
import { readFileSync } from 'node:fs';

const [baseUrl, golden] = process.argv.slice(2);
const kit = new Client({ baseUrl });
const smart = FHIR({}, {}).client({ serverUrl: baseUrl });
const sent = (name) =>
  JSON.parse(readFileSync(`${golden}/${name}/bundle.json`, 'utf8')).entry.map((e) => e.resource);
const found = (bundle) => (bundle.entry ?? []).map((e) => e.resource);
const ids = (list) => list.map((r) => `${r.resourceType}/${r.id}`).sort().join();

// A server may order the attributes of the narrative anew.
const words = (r) => r.text?.div.replace(/^<div[^>]*>/, '');

// fhir-kit-client, then fhirclient, each in its own words.
const clients = {
  'fhir-kit-client': {
    read: (resourceType, id) => kit.read({ resourceType, id }),
    search: (resourceType, searchParams) => kit.search({ resourceType, searchParams }),
  },
  fhirclient: {
    read: (type, id) => smart.request(`${type}/${id}`),
    search: (type, params) => smart.request(`${type}?${new URLSearchParams(params)}`),
  },
};

let failed = 0;
function is(what, got, want) {
  const ok = got === want;
  if (!ok) failed = 1;
  console.log(`${ok ? 'ok' : 'not ok'} - ${what}${ok ? '' : `: ${got}, not ${want}`}`);
}

const heart = sent('write-heart');
const risk = heart.find((r) => r.resourceType === 'RiskAssessment');
for (const [name, { read, search }] of Object.entries(clients)) {
  for (const own of heart.filter((r) => r.id)) {
    const there = await read(own.resourceType, own.id);
    is(`${name} reads ${own.resourceType}`, words(there), words(own));
  }
  const there = await read('RiskAssessment', risk.id);
  is(`${name}: how likely`, there.prediction[0].probabilityDecimal, risk.prediction[0].probabilityDecimal);
  const { system, value } = risk.identifier[0];
  is(`${name} finds it by its identifier`,
    ids(found(await search('RiskAssessment', { identifier: `${system}|${value}` }))), ids([risk]));
  const marked = found(await search('RiskAssessment', { _security: 'AIAST', _count: '100' }));
  is(`${name} finds it by its label`, marked.some((r) => r.id === risk.id), true);
  const both = found(await search('RiskAssessment', { _id: risk.id, _revinclude: 'Provenance:target' }));
  is(`${name} finds who made it`, both.some((r) => r.resourceType === 'Provenance'), true);
}
process.exit(failed);
