import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { until } from '../../testbed/rig/wait.ts';
import { Haweight, haweight } from '../support/process.ts';
import { isRefused } from '../support/refused.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/* haweight simulate as users run it. One at a time: each is a process. */

const quick = ['simulate', '--fleet', '1,2', '--seconds', '4', '--warmup-seconds', '2', '--seeds', '2'];

interface Document {
  readonly complete: boolean;
  readonly results: readonly {
    readonly policy: string;
    readonly balance: string;
    readonly medians: Readonly<Record<string, number | null>>;
    readonly runs: readonly { readonly seed: number; readonly requests: number; readonly samples?: unknown[] }[];
  }[];
}

test.serial('every policy and balance gets a line; nothing but the result is written, within 80 columns', async (t) => {
  const policies = [
    'adaptive',
    'inverse-load',
    'capacity',
    'pick-one',
    'stress',
    'equal',
    'paper',
    'none',
    'static',
    'oracle',
  ];
  const balances = ['roundrobin', 'leastconn', 'random'];
  const args = [...quick, '--policy', policies.join(','), '--balance', balances.join(',')];
  const { code, stdout, stderr } = await haweight(args);
  t.is(code, 0, stderr);
  t.is(stderr, '');
  for (const policy of policies) {
    for (const balance of balances) t.regex(stdout, new RegExp(`^${policy} +${balance} +[0-9]`, 'm'));
  }
  for (const line of stdout.split('\n')) t.true(line.length <= 80, line);
  t.false(stdout.includes('\u001b'));
});

test.serial('without flags it shows what a controller gains on unequal servers', async (t) => {
  const { code, stdout, stderr } = await haweight(['simulate', '--json']);
  t.is(code, 0, stderr);
  const { results, complete } = JSON.parse(stdout) as Document;
  t.true(complete);
  const mean = (policy: string, balance: string) => {
    return results.find((each) => each.policy === policy && each.balance === balance)?.medians['meanMs'] ?? Number.NaN;
  };
  for (const policy of ['adaptive', 'capacity']) {
    t.true(mean(policy, 'roundrobin') < 0.2 * mean('none', 'roundrobin'), policy);
    t.true(mean(policy, 'leastconn') < 0.9 * mean('none', 'leastconn'), policy);
  }
  t.deepEqual(
    results.map(({ runs }) => runs.map(({ seed }) => seed)),
    Array.from({ length: 10 }, () => [1, 2, 3]),
  );
});

test.serial(
  'the same seed gives the same bytes of JSON, another seed other requests; samples only when asked for',
  async (t) => {
    const json = async (...more: string[]) => (await haweight([...quick, '--json', ...more])).stdout;
    const first = await json('--seed', '4');
    t.is(await json('--seed', '4'), first);
    const [one, other] = [first, await json('--seed', '400', '--samples')].map((text) => JSON.parse(text) as Document);
    t.notDeepEqual(one?.results[0]?.medians, other?.results[0]?.medians);
    t.is(one?.results[0]?.runs[0]?.samples, undefined);
    t.is(other?.results[0]?.runs[1]?.samples?.length, 4);
    const requests = one?.results.map(({ runs }) => runs.map((run) => run.requests)) ?? [];
    t.not(requests[0]?.[0], requests[0]?.[1], 'each seed has requests of its own');
    t.deepEqual(requests[3], requests[0], 'which are the same for every line');
  },
);

test.serial('a file describes the fleet and its events, and --samples shows them tick by tick', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'fleet.json');
  const events = [{ kind: 'crash', server: 'db1', fromSeconds: 1 }];
  const fleet = ['web1', 'db1'].map((name) => ({ name, cores: 2 }));
  await writeFile(
    file,
    JSON.stringify({ fleet, scenario: { events }, load: 0.3, seconds: 8, policy: 'none', seeds: 1 }, null, '\t'),
  );
  const { code, stdout, stderr } = await haweight(['simulate', '--file', file, '--samples', '--balance', 'leastconn']);
  t.is(code, 0, stderr);
  t.regex(stdout, /^none, leastconn, seed 1: .*\n +TIME +web1 +db1\n/);
  t.regex(stdout, /\n +8 s 100 +\d+% 100 down\n/);
  t.regex(stdout, /\nyour fleet: 2 servers, 4 cores, .*\nload 30%: .*\nyour scenario: 8 s after 20 s/);
});

/** Standard error counts as a terminal, so that progress is shown. */
const asTerminal = {
  TERM: 'xterm',
  NODE_OPTIONS: '--import=data:text/javascript,process.stderr.isTTY=true',
};

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test.serial(`${signal} prints the complete lines and ends with exit code ${exitCode}`, async (t) => {
    const balances = 'leastconn,roundrobin,random';
    const long = ['--policy', 'none', '--balance', balances, '--seeds', '1', '--rate', '400', '--seconds', '3000'];
    await using run = new Haweight(['simulate', '--json', ...long], asTerminal);
    await until('the second line is under way', () => run.stderr.includes('none, roundrobin'));
    const { code, stdout, stderr } = await run.stop(signal);
    t.is(code, exitCode, stderr);
    const { complete, results } = JSON.parse(stdout) as Document;
    t.false(complete);
    t.is(results[0]?.balance, 'leastconn');
    // the progress line is gone before the message is written
    t.true(
      stderr.endsWith(
        `\u001b[1A\r\u001b[Jhaweight: stopped by ${signal}: ${results.length} of 3 lines were measured\n`,
      ),
    );
  });
}

test.serial('stopped before any line is complete, it only says so', async (t) => {
  const long = ['simulate', '--policy', 'none', '--seeds', '1', '--rate', '200', '--seconds', '80000'];
  await using run = new Haweight(long, asTerminal);
  await until('the first line is under way', () => run.stderr.includes('none, roundrobin'));
  const { code, stdout } = await run.stop('SIGINT');
  t.is(code, 130);
  t.is(stdout, '');
});

const refused: readonly (readonly [args: readonly string[], line: RegExp])[] = [
  [['--load', '70', '--rate', '5'], /^--load, --rate: .*expected one of the two, got both/],
  [['--fleet', '-1'], /^--fleet: .*got "-1"/],
  [['--policy', 'best'], /^--policy: .*one of adaptive, inverse-load, capacity, .*, none, static, oracle, got "best"/],
  [['--scenario', 'flod'], /^--scenario: .*one of steady, .*two-controllers, got "flod"/],
  [['--file', '/'], /^\/: cannot be read; .*EISDIR/],
];
for (const [args, line] of refused) {
  test.serial(`haweight simulate ${args.join(' ')} is refused in one line`, async (t) => {
    isRefused(t, await haweight(['simulate', ...args]), line);
  });
}

test.serial('a file with an unknown key is refused in one line that names the place', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'f.yaml');
  await writeFile(file, 'fleet: [{name: a, cores: 1, core: 2}]\n');
  isRefused(t, await haweight(['simulate', '--file', file]), /f\.yaml: fleet\.0\.core: unknown key/);
});
