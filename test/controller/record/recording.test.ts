import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import { parseLine } from '../../../controller/record/parse-line.ts';
import { exclusions, type Observation, observationSchema } from '../../../shared/contract/observation.ts';
import { policyNames } from '../../../shared/contract/policy-names.ts';
import { problemCodes } from '../../../shared/contract/problem.ts';
import { algorithm, extremeSketch, ticksOf } from '../support/arbitrary.ts';
import { calm, observed } from '../support/build.ts';
import { recordingOf, recordOf } from './support.ts';

const amount = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });
const maybeRatio = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null });
const count = fc.maxSafeNat();
const text = fc.string({ unit: 'binary', maxLength: 40 });

/** Whatever the schema lets through. */
const observation: fc.Arbitrary<Observation> = fc.record({
  server: fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
  address: text,
  port: fc.option(fc.nat(65_535), { nil: null }),
  machine: text,
  agentUrl: text,
  takesRequests: fc.boolean(),
  exclusion: fc.constantFrom(null, ...(Object.keys(exclusions) as (keyof typeof exclusions)[])),
  configuredWeight: fc.nat({ max: 256 }),
  currentWeight: fc.nat({ max: 256 }),
  upForMs: fc.option(amount, { nil: null }),
  agent: fc.oneof(
    fc.record({
      state: fc.constant('fresh' as const),
      ageMs: amount,
      utilisation: fc.record({
        cpu: maybeRatio,
        ram: maybeRatio,
        bandwidth: maybeRatio,
        threads: maybeRatio,
        tcpQueues: maybeRatio,
      }),
      effectiveCores: fc.double({ min: Number.MIN_VALUE, max: 65_536, noNaN: true }),
    }),
    fc.record({
      state: fc.constant('stale' as const),
      ageMs: fc.option(amount, { nil: null }),
      code: fc.constantFrom(...(Object.keys(problemCodes) as (keyof typeof problemCodes)[])),
      detail: text,
    }),
  ),
  traffic: fc.option(fc.record({ ok: count, errors: count, clientErrors: count }), { nil: null }),
  flow: fc.option(
    fc.record({ started: count, redispatches: count, inFlightMean: fc.option(amount, { nil: null }), queued: count }),
    {
      nil: null,
    },
  ),
  fast: fc.record({
    breaker: fc.constantFrom('closed', 'open', 'probing'),
    errorShare: fc.double({ min: 0, max: 1, noNaN: true }),
    remainingMs: amount,
    ramp: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  elsewhere: fc.option(fc.record({ ok: count, started: count, inFlight: count }), { nil: null }),
  inFlight: count,
});

function read(line: string) {
  const parsed = parseLine({ number: 1, text: line, ended: true });
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

test('every observation survives being written and read, to the last bit', (t) => {
  fc.assert(
    fc.property(fc.array(observation, { maxLength: 5 }), amount, (observations, elapsedMs) => {
      const record = recordOf(observations, [], { elapsedMs });
      assert.deepEqual(read(JSON.stringify(record)), structuredClone(record));
    }),
    { numRuns: 500, seed: 401 },
  );
  t.pass();
});

test('every decision of every policy survives, with its reasons', (t) => {
  fc.assert(
    fc.property(ticksOf(extremeSketch), algorithm, fc.constantFrom(...policyNames), (ticks, balance, policy) => {
      for (const record of recordingOf(ticks, policy, [], balance)) {
        assert.deepEqual(read(JSON.stringify(record)), JSON.parse(JSON.stringify(record)));
      }
    }),
    { numRuns: 150, seed: 402 },
  );
  t.pass();
});

const good = observed('a');
for (const [what, changed] of [
  ['a weight above 256', { ...good, currentWeight: 257 }],
  ['a weight that is not an integer', { ...good, configuredWeight: 1.5 }],
  ['a negative count', { ...good, inFlight: -1 }],
  ['traffic that is not counted', { ...good, traffic: { ok: 1 } }],
  ['an unknown exclusion', { ...good, exclusion: 'asleep' }],
  ['a server without a name', { ...good, server: '' }],
  ['a utilisation above 1', { ...good, agent: { ...good.agent, utilisation: { ...calm, cpu: 1.1 } } }],
  ['a metric left out', { ...good, agent: { ...good.agent, utilisation: { cpu: 0.5 } } }],
  ['an infinite age', { ...good, agent: { ...good.agent, ageMs: Number.POSITIVE_INFINITY } }],
  ['no cores', { ...good, agent: { ...good.agent, effectiveCores: 0 } }],
  ['a problem that we do not know', { ...good, agent: { state: 'stale', ageMs: 1, code: 'ufo', detail: '' } }],
  ['a key that we do not know', { ...good, colour: 'red' }],
] as const) {
  test(`an observation with ${what} is refused`, (t) => {
    t.true(observationSchema.safeParse(good).success);
    t.false(observationSchema.safeParse(changed).success);
  });
}

const line = JSON.stringify(recordOf([good], []));
for (const [what, text, ended, expected] of [
  ['cut off at the end of the file', line.slice(0, -30), false, 'the line is cut off'],
  [
    'cut off, and another line after it',
    line.slice(0, 300),
    true,
    'not valid JSON or was cut off: "{"haweightRecording":4,"at":17…"',
  ],
  [
    'of another program',
    '{"level":"info","message":"started"}',
    true,
    'not a tick of a haweight recording: "{"level":"info"',
  ],
  ['of JSON that is not an object', '17', true, 'not a tick of a haweight recording'],
  ['null', 'null', true, 'not a tick of a haweight recording'],
  [
    'of a version that there is not',
    line.replace('Recording":4', 'Recording":"x"'),
    true,
    'not a version of recordings; expected 1 to 4, got',
  ],
  ['with an invalid value', line.replace('"elapsedMs":2000', '"elapsedMs":-1'), true, 'invalid value: "elapsedMs: '],
  ['with a key that we do not know', line.replace('"tick":1', '"tick":1,"tock":2'), true, 'tock'],
  ['that is too long', null, true, 'longer than 16777216 bytes'],
] as const) {
  test(`a line ${what} is named for what it is`, (t) => {
    const parsed = parseLine({ number: 1, text, ended });
    t.false(parsed.ok);
    if (!parsed.ok) t.true(parsed.error.includes(expected), parsed.error);
  });
}

test('a last line without a newline counts if it is whole', (t) => {
  t.true(parseLine({ number: 1, text: line, ended: false }).ok);
});
