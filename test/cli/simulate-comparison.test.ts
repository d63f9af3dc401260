import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { comparisonSchema, readComparison } from '../../cli/simulate/comparison.ts';
import type { SimulateFlags } from '../../cli/simulate/flags.ts';
import { ProblemError } from '../../shared/contract/problem.ts';
import { simulate } from '../../testbed/simulator/simulate.ts';
import { keysOf } from '../support/schema-keys.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Reads flags, with this text as their file. */
async function withFile(text: string, flags: SimulateFlags = {}) {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'f.yaml');
  await writeFile(file, text);
  return readComparison({ ...flags, file });
}

test('without flags a fleet of unequal servers runs at a steady load, with and without control', (t) => {
  const { fleet, scenario, seeds, candidates } = readComparison({});
  t.deepEqual([fleet, scenario, seeds], ['het', 'steady', [1, 2, 3]]);
  t.deepEqual(
    candidates.map(({ policy, balance }) => `${policy} ${balance}`),
    ['none', 'adaptive', 'inverse-load', 'capacity', 'oracle'].flatMap((policy) => [
      `${policy} roundrobin`,
      `${policy} leastconn`,
    ]),
  );
  for (const { experiment } of candidates) t.like(experiment, { load: 0.7, seconds: 60, seed: 1, haproxys: 1 });
});

test('a fleet on the command line has cores, and a speed where it is not 1', (t) => {
  const [first] = readComparison({ fleet: '1, 2x0.8,4' }).candidates;
  t.deepEqual(
    first?.experiment.fleet.map(({ name, cores, speed }) => [name, cores, speed]),
    [
      ['s1', 1, 1],
      ['s2', 2, 0.8],
      ['s3', 4, 1],
    ],
  );
});

test('flags override the file, and --load and --rate each replace both', async (t) => {
  const text = 'fleet: hom\nload: 0.5\ndemandMs: 50\nseeds: 2\nseed: 7\npolicy: stress\nbalance: [random]\n';
  const plain = await withFile(text);
  t.deepEqual(plain.seeds, [7, 8]);
  t.is(plain.candidates.length, 1);
  t.like(plain.candidates[0]?.experiment, { load: 0.5, demandMs: 50, balance: 'random' });
  const changed = await withFile(text, { rate: '30', demandMs: '40', policy: ['none', 'oracle'], seed: '1' });
  t.deepEqual(changed.seeds, [1, 2]);
  t.deepEqual(
    changed.candidates.map(({ policy }) => policy),
    ['none', 'oracle'],
  );
  t.like(changed.candidates[0]?.experiment, { load: undefined, rate: 30, demandMs: 40, balance: 'random' });
  const loaded = await withFile('rate: 30\n', { load: '85%' });
  t.like(loaded.candidates[0]?.experiment, { load: 0.85, rate: undefined });
});

test('settings of the controller in the file reach only contenders with a controller', async (t) => {
  const { candidates } = await withFile(
    'config: {guard: {deadband: 0.2}}\npolicy: [capacity, none]\nbalance: random\n',
  );
  t.deepEqual(candidates[0]?.experiment.contender, {
    kind: 'policy',
    policy: 'capacity',
    config: { guard: { deadband: 0.2 } },
  });
  t.deepEqual(candidates[1]?.experiment.contender, { kind: 'static', weights: 'configured' });
});

test('none keeps the configured weights, and static has the true capacities', async (t) => {
  const fleet =
    'fleet: [{name: a, cores: 1, configuredWeight: 30}, {name: b, cores: 4, speed: 0.5, configuredWeight: 90}]';
  const { candidates } = await withFile(`${fleet}\npolicy: [none, static]\nbalance: random\nseconds: 5\n`);
  const results = await Promise.all(candidates.map(({ experiment }) => simulate(experiment)));
  t.deepEqual(
    results.map(({ samples }) => samples.at(-1)?.weights),
    [
      [30, 90],
      [128, 256],
    ],
  );
});

const refused: readonly (readonly [flags: SimulateFlags, line: RegExp])[] = [
  [{ load: '70', rate: '5' }, /^--load, --rate: .*expected one of the two, got both/],
  [
    { load: '0.7' },
    /^--load: .*expected percent of the fleet's capacity, 1 to 1000, got "0\.7"\. 70 is 70 %, 0\.7 is less than one\./,
  ],
  [{ fleet: 'hett' }, /^--fleet: .*got "hett"\. Did you mean het\?/],
  [{ balance: ['leastcon'] }, /^--balance: .*Did you mean leastconn\?/],
  [{ seconds: '60s' }, /^--seconds: .*a number, got "60s"\. 60 s is 60\./],
  [{ demandMs: '1s' }, /^--demand-ms: .*a number, got "1s"\. 1 s is 1000\./],
  [{ load: 'NaN' }, /^--load: .*a number, got "NaN"/],
  [{ rate: '1e999' }, /^--rate: .*a number, got "1e999"/],
  [{ rate: '-5' }, /^--rate: .*above 0 and up to 1000000, got -5/],
  [{ rate: '' }, /^--rate: .*a number, got ""/],
  [{ fleet: 'hte' }, /^--fleet: .*one of het, mild, hom, tuned, .*hundred, or cores such as 1,2,4x0\.8, got "hte"/],
  [{ fleet: '0,2' }, /^--fleet: .*above 0 and up to 1024, got 0/],
  [{ fleet: '-1' }, /^--fleet: .*got "-1"/],
  [{ fleet: '' }, /^--fleet: .*got ""/],
  [{ policy: ['best'] }, /^--policy: .*one of adaptive, inverse-load, capacity, .*, none, static, oracle, got "best"/],
  [{ policy: ['none', 'none'] }, /^--policy: .*each name once/],
  [{ balance: ['first'] }, /^--balance: .*one of roundrobin, leastconn, random, got "first"/],
  [{ scenario: 'flod' }, /^--scenario: .*one of steady, .*two-controllers, got "flod"/],
  [{ seeds: '1.5' }, /^--seeds: .*a whole number, got 1\.5/],
  [{ seed: '4294967295' }, /^--seed: .*a last seed up to 4294967295/],
  [{ haproxys: '0' }, /^--haproxys: .*at least 1, got 0/],
  [{ warmupSeconds: '-1' }, /^--warmup-seconds: .*at least 0, got -1/],
  [{ seconds: '80000', load: '1000' }, /^--seconds: more requests than memory .*20,000,000 .*about 520,130,000/],
  [{ file: '/nonexistent/f.yaml' }, /^\/nonexistent\/f\.yaml: .*ENOENT/],
  [{ file: '/' }, /^\/: cannot be read; .*EISDIR/],
  [{ file: '/dev/zero' }, /^\/dev\/zero: .*over 1 MiB/],
];
for (const [flags, line] of refused) {
  test(`refused in one line that names the flag: ${JSON.stringify(flags)}`, (t) => {
    const error = t.throws(() => readComparison(flags), { instanceOf: ProblemError });
    t.regex(error.message, line);
    t.is(error.problem.code, flags.file === undefined ? 'usage' : 'config-unreadable');
  });
}

const refusedFiles: readonly (readonly [what: string, text: string, line: RegExp])[] = [
  ['an unknown key', 'lod: 3\n', /f\.yaml: lod: unknown key; expected one of fleet, .*Did you mean load\?/],
  ['an unknown key of a server', 'fleet: [{name: a, cores: 1, core: 2}]\n', /f\.yaml: fleet\.0\.core: unknown key/],
  [
    'a mistyped key that is needed',
    'fleet: [{name: a, core: 4}]\n',
    /f\.yaml: fleet\.0\.core: unknown key; expected one of name, cores, .*Did you mean cores\?/,
  ],
  [
    'a mistyped key of an event',
    'fleet: [{name: a, cores: 1}]\nload: 0.5\nscenario: {events: [{kind: crash, sever: a, fromSeconds: 1}]}\n',
    /f\.yaml: scenario\.events\.0\.sever: unknown key; .*Did you mean server\?/,
  ],
  ['a mistyped scenario', 'scenario: stedy\n', /f\.yaml: scenario: .*Did you mean steady\?/],
  ['a mistyped policy', 'policy: [capcity]\n', /f\.yaml: policy\.0: .*Did you mean capacity\?/],
  ['a load in percent', 'load: 55\n', /f\.yaml: load: .*at most 10, got 55\. 0\.55 is 55 %\./],
  ['a load as text', 'load: 55%\n', /f\.yaml: load: .*got "55%"\. 0\.55 is 55 %\./],
  ['no servers', 'fleet: []\n', /f\.yaml: fleet: .*at least one server, got \[\]/],
  ['a negative rate', 'rate: -5\n', /f\.yaml: rate: .*above 0 and up to 1000000, got -5/],
  ['more than memory allows', 'rate: 900000\nseconds: 80000\n', /f\.yaml: seconds: more requests than memory /],
  ['an unknown policy', 'policy: [none, best]\n', /f\.yaml: policy\.1: .*one of adaptive, .*got "best"/],
  ["an unknown key of the controllers'", 'config: {guard: {flor: 1}}\n', /f\.yaml: config: guard\.flor: unknown key/],
  ['a minconn without fullconn', 'minconn: 2\n', /f\.yaml: fullconn: .*fullconn, which minconn needs/],
  ['a bound without minconn', 'limits: {bound: 0.1}\n', /f\.yaml: fullconn: .*which a bound needs/],
  ['two kinds of limits', 'limits: {bound: 0.1, perCore: 3}\n', /f\.yaml: limits: .*either perCore or bound/],
  ['a contender, which a comparison has several of', 'contender: {kind: oracle}\n', /f\.yaml: contender: unknown key/],
  ['a list', '- 1\n', /f\.yaml: .*keys and values, got a list/],
  ['broken JSON', '{"fleet": [}', /f\.yaml: is not valid YAML/],
  ['aliases of aliases', `a: &a [${'x,'.repeat(50)}]\nb: [${'*a,'.repeat(200)}]\n`, /f\.yaml: .*Excessive alias count/],
];
for (const [what, text, line] of refusedFiles) {
  test(`a file with ${what} is refused in one line that names the place`, async (t) => {
    const error = await t.throwsAsync(withFile(text), { instanceOf: ProblemError });
    t.regex(error.message, line);
    t.false(error.message.includes('\n'));
  });
}

test('limits of a file are those of the lines without a controller', async (t) => {
  const limited = 'limits: {bound: 0.1}\nmaxconn: 9000\nminconn: 2\nfullconn: 9000\npolicy: [none, capacity, oracle]\n';
  const { candidates } = await withFile(`${limited}balance: random\n`);
  t.deepEqual(
    candidates.map(({ experiment }) => experiment.contender),
    [
      { kind: 'static', weights: 'configured', limits: { bound: 0.1 } },
      { kind: 'policy', policy: 'capacity', config: {} },
      { kind: 'oracle', limits: { bound: 0.1 } },
    ],
  );
});

test('the example of docs/simulation.md is accepted', async (t) => {
  const [, example = ''] = /```yaml\n(.*?)```/s.exec(documentation()) ?? [];
  const { candidates, fleet } = await withFile(example);
  t.is(fleet, null);
  t.is(candidates.length, 2);
  t.is(candidates[0]?.experiment.scenario.events[0]?.server, 'web3');
});

test('docs/simulation.md has every key of the file, and no other', (t) => {
  const documented = [...documentation().matchAll(/^\| `([A-Za-z[\].]+)` \|/gm)].map(([, key]) => key ?? '');
  // these keys also take a name
  const own = documented.filter((key) => key !== 'fleet' && key !== 'scenario');
  t.deepEqual(own.toSorted(), keysOf(comparisonSchema).toSorted());
});

function documentation(): string {
  return readFileSync(new URL('../../docs/simulation.md', import.meta.url), 'utf8');
}

test('any flags give a comparison, or one line that names a flag', (t) => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('', 'NaN', '-1', '0', '1e999', '1.5', '70', '0x10', '1,2,4x0.8', 'het', 'noisy', '1e-320'),
  );
  const names = fc.array(fc.oneof(fc.string(), fc.constantFrom('none', 'capacity', 'random')), { maxLength: 2 });
  const flags = fc.record(
    {
      ...{ fleet: text, load: text, rate: text, demandMs: text, scenario: text, haproxys: text, seconds: text },
      ...{ warmupSeconds: text, seeds: text, seed: text, policy: names, balance: names },
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(flags, (each) => {
      try {
        t.true(readComparison(each).candidates.length > 0);
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        t.regex(error.message, /^--[a-z-]+(, --rate)?: [^\n]+$/);
      }
    }),
    { numRuns: 300 },
  );
});
