// SPDX-License-Identifier: Apache-2.0
// Medplum's client of CDS Hooks against our services.
//
//     cds.mjs keys             a new key to `key.pem`, its set to `jwks`
//     cds.mjs call BASE AUD    our address, and the one that tokens are made for
//
// The clinic's FHIR server is in this file: it has one patient, mary, record 7001.
import { MedplumClient, buildCdsRequest } from '@medplum/core';
import * as crypto from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const issuer = 'https://ehr.example';
const kid = 'k1';

function keys() {
  const pair = crypto.generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid, alg: 'ES384', use: 'sig' };
  writeFileSync('key.pem', pair.privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  writeFileSync('jwks', JSON.stringify({ keys: [jwk] }));
}

const base64 = (o) => Buffer.from(typeof o === 'string' ? o : JSON.stringify(o)).toString('base64url');
const clock = () => Math.floor(Date.now() / 1000);

// token AUD CHANGE: good, but for what CHANGE = {claims, header, key, by} makes of it.
function token(aud, { claims = {}, header = {}, key, by } = {}) {
  const now = clock();
  const head = { alg: 'ES384', typ: 'JWT', kid, ...header };
  const body = { iss: issuer, aud, iat: now, exp: now + 300, jti: crypto.randomUUID(), ...claims };
  const text = `${base64(head)}.${base64(body)}`;
  if (by) return `${text}.${by(text)}`;
  key ??= readFileSync('key.pem');
  const hash = head.alg === 'ES256' ? 'sha256' : 'sha384';
  const bytes = crypto.sign(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${bytes.toString('base64url')}`;
}

// ---- the clinic's server ------------------------------------------------------
const mary = {
  resourceType: 'Patient', id: 'mary', gender: 'female', birthDate: '1948-02-14',
  identifier: [{ system: 'urn:oid:2.999.1.7', value: '7001' }],
};
async function clinic() {
  const server = createServer((q, r) => {
    const [path] = q.url.split('?');
    const read = path.endsWith('/Patient/mary');
    const empty = { resourceType: 'Bundle', type: 'searchset', total: 0 };
    r.setHeader('Content-Type', 'application/fhir+json');
    r.end(JSON.stringify(read ? mary : empty));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { server, url: `http://127.0.0.1:${server.address().port}/` };
}

// ---- checks -----------------------------------------------------------------------
let failed = 0;
async function check(what, test) {
  let why;
  try {
    why = await test();
  } catch (e) {
    why = e.stack;
  }
  if (why) failed++;
  console.log(`${why ? 'not ok' : 'ok'} - ${what}${why ? `: ${why}` : ''}`);
}
const unless = (holds, why) => (holds ? '' : JSON.stringify(why));

async function call(base, aud) {
  const { server, url } = await clinic();
  const client = new MedplumClient({
    baseUrl: url, fhirUrlPath: 'fhir', cdsServicesUrl: `${base}/cds-services`,
  });
  const by = (path, change) => ({
    cache: 'reload', headers: { Authorization: `Bearer ${token(`${aud}${path}`, change)}` },
  });
  // What a raw POST answers.
  const post = async (path, body, bearer) => {
    const headers = { 'Content-Type': 'application/json' };
    if (bearer !== null) headers.Authorization = `Bearer ${bearer ?? token(`${aud}${path}`)}`;
    const r = await fetch(base + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: r.status, body: await r.json() };
  };
  const view = '/cds-services/anamnesis-patient-view';
  const user = { resourceType: 'Practitioner', id: '7' };
  const context = { userId: 'Practitioner/7', patientId: 'mary' };
  let service, request, cards;

  // ---- discovery, a call, its cards
  await check('it finds six services', async () => {
    const { services } = await client.getCdsServices(by('/cds-services'));
    service = services.find((s) => s.hook === 'patient-view');
    return unless(services.length === 6 && service, services);
  });
  await check('it fills every template', async () => {
    request = await buildCdsRequest(client, user, service, context);
    return unless(
      request.prefetch.patient.id === 'mary' &&
        Object.keys(request.prefetch).length === Object.keys(service.prefetch).length &&
        Object.values(request.prefetch).every((v) => v !== null),
      request);
  });
  await check('it gets cards', async () => {
    ({ cards } = await client.callCdsService(service.id, request, by(view)));
    return unless(cards.length > 0 && cards.every((c) => c.uuid && c.summary.length < 140 && c.source.label), cards);
  });

  // ---- other shapes of what was prefetched
  const told = 'Not all of the record was sent';
  const shapes = {
    'no prefetch': [undefined, 412],
    'an empty one': [{}, 412],
    'the patient alone': [{ patient: mary }, 200],
    'null for what there is not': [{ ...request.prefetch, problems: null, conditions: null, laboratory: null }, 200],
    'an OperationOutcome in place of results': [{ patient: mary, laboratory: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'forbidden' }] } }, 200, true],
    'a page of more': [{ patient: mary, laboratory: { resourceType: 'Bundle', type: 'searchset', link: [{ relation: 'next', url: `${url}2` }] } }, 200, true],
    'a key that was not asked for': [{ patient: mary, other: mary }, 200],
    'no resource in place of results': [{ patient: mary, laboratory: [] }, 200, true],
    'another patient': [{ patient: { ...mary, id: 'eve' } }, 400],
  };
  for (const [what, [prefetch, want, partial = false]] of Object.entries(shapes)) {
    await check(`${what}: ${want}`, async () => {
      const hookInstance = crypto.randomUUID();
      const who = want === 412 ? { ...context, patientId: 'nobody' } : context;
      const got = await post(view, { ...request, hookInstance, context: who, prefetch });
      return unless(got.status === want && (want === 200 ? got.body.cards[0].detail.includes(told) === partial : got.body.resourceType === 'OperationOutcome'), got);
    });
  }

  // ---- feedback
  const path = `${view}/feedback`;
  const outcomeTimestamp = new Date().toISOString();
  const said = (card, more) => ({ feedback: [{ card, outcomeTimestamp, ...more }] });
  const { code, system } = cards[0].overrideReasons[0];
  await check('it overrides a card with a reason', async () => {
    const answer = await client.post(`${base}${path}`,
      said(cards[0].uuid, { outcome: 'overridden', overrideReason: { reason: { code, system } } }), 'application/json', by(path));
    return unless(!answer.resourceType, answer);
  });
  await check('a bare Coding is taken', async () => {
    const got = await post(path, said(cards[0].uuid, { outcome: 'overridden', overrideReason: { code, system } }));
    return unless(got.status === 200, got);
  });
  await check('a card that is unknown is told of', async () => {
    const got = await post(path, said(crypto.randomUUID(), { outcome: 'overridden' }));
    return unless(got.status === 200 && got.body.issue?.[0]?.code === 'not-found', got);
  });
  await check('who accepts says what', async () => {
    const got = await post(path, said(cards[0].uuid, { outcome: 'accepted' }));
    return unless(got.status === 400, got);
  });

  // ---- tokens
  const to = `${aud}${view}`;
  const other = () => crypto.generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  const public384 = readFileSync('jwks');
  const bad = {
    'no token': null,
    'another address': token(`${aud}/cds-services`),
    'one that is over': token(to, { claims: { iat: clock() - 900, exp: clock() - 600 } }),
    'one of tomorrow': token(to, { claims: { iat: clock() + 86400, exp: clock() + 86700 } }),
    'one without an end': token(to, { claims: { exp: undefined } }),
    'one without a jti': token(to, { claims: { jti: undefined } }),
    'a stranger': token(to, { claims: { iss: 'https://evil.example' } }),
    'another key': token(to, { key: other() }),
    'another key, with its address': token(to, { key: other(), header: { kid: 'k2', jku: `${url}jwks` } }),
    'another key, inside': token(to, { key: other(), header: { jwk: JSON.parse(public384).keys[0] } }),
    'ES256': token(to, { header: { alg: 'ES256' }, key: crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }),
    'HS256 by the public key': token(to, { header: { alg: 'HS256' }, by: (t) => crypto.createHmac('sha256', public384).update(t).digest('base64url') }),
    'none': token(to, { header: { alg: 'none' }, by: () => '' }),
    'a critical header': token(to, { header: { crit: ['b64'], b64: true } }),
    'no JWT': 'x.y.z',
  };
  for (const [what, bearer] of Object.entries(bad)) {
    await check(`token: ${what} is refused`, async () => {
      const got = await post(view, request, bearer);
      return unless(got.status === 401 && !got.body.issue[0].diagnostics, got);
    });
  }
  await check('token: a list of addresses is taken', async () => {
    const got = await post(view, request, token([to, 'https://other.example']));
    return unless(got.status === 200, got);
  });
  await check('token: it is taken once', async () => {
    const once = token(to);
    const first = await post(view, request, once);
    const second = await post(view, request, once);
    return unless(first.status === 200 && second.status === 401, [first.status, second.status]);
  });
  await check('the client tells of a refusal', async () => {
    try {
      await client.callCdsService(service.id, request, by('/cds-services'));
    } catch (e) {
      return unless(e.outcome?.issue?.[0]?.code, e.message);
    }
    return 'it does not';
  });
  server.close();
}

const [verb, ...args] = process.argv.slice(2);
if (verb === 'keys') keys();
else await call(...args);
process.exit(failed ? 1 : 0);
