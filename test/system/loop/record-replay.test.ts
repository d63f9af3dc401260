import { appendFile, mkdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { haweight } from '../../support/process.ts';
import { fewCores, overload, Stack } from '../../support/stack.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const servers = ['s1', 's2', 's3'];

interface Line {
  readonly at: number;
  readonly run: number;
  readonly tick: number;
  readonly outcome: string;
}

async function linesOf(file: string): Promise<Line[]> {
  return (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test.serial('a recording of a real controller, replayed with its own policy, gives its own decisions', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'ticks.jsonl');
  await using stack = await Stack.start({ cores: fewCores, servers, masterWorker: true });
  await using _load = stack.startLoad();
  const first = await stack.startController('--record', file, '--shadow', 'equal,paper');
  await stack.ticks(2);
  await stack.tell('s1', overload);
  await stack.ticks(3);
  await stack.tell('s2', { failing: 503 });
  await stack.ticks(3);
  await stack.haproxy.reload();
  await until('our weights after the reload', async () => (await stack.weight('s2')) !== 100);
  await stack.ticks(2);
  const { ticks } = await stack.status();
  t.is((await first.stop()).code, 0);
  const lines = await linesOf(file);
  t.true(lines.length >= ticks, 'the last tick is there, too');
  t.deepEqual(
    lines.map(({ tick }) => tick),
    lines.map((_, index) => index + 1),
  );
  t.is((await stat(file)).mode & 0o777, 0o600);

  // the next controller continues the same file on a new line
  await appendFile(file, '{"haweightRecording":1,"at":17');
  const second = await stack.startController('--record', file, '--on-exit', 'keep');
  await stack.ticks(2);
  await second.stop('SIGKILL');

  const again = await haweight(['replay', file, '--policy', 'adaptive']);
  t.is(again.code, 1, again.stderr);
  t.regex(again.stderr, new RegExp(`ticks\\.jsonl:${lines.length + 1}: the line is not valid JSON or was cut off`));
  t.regex(again.stdout, /web: adaptive recorded, adaptive replayed\n/);
  t.regex(again.stdout, /policy and settings as recorded: all \d+ ticks have the same decisions/);
  t.regex(again.stdout, /the controller was started 2 times/);
  t.regex(again.stdout, /shares differ by 0\.00%/);

  const asRecorded = await haweight(['replay', file]);
  t.is(asRecorded.code, again.code, asRecorded.stderr);
  t.is(asRecorded.stdout, again.stdout, 'the recorded policy unless another one is named');

  const other = await haweight(['replay', file, '--policy', 'equal', '--ticks']);
  t.regex(other.stdout, /^\d\d:\d\d:\d\d web {2}s1 \d+>\d+ {2}s2 \d+>\d+ {2}s3 \d+>\d+\n/m);
  t.notRegex(other.stdout, /as recorded/);
  t.regex(other.stdout, /at most at \d{4}-.*Z on s\d:\n {2}\d+\.\d% recorded, \d+\.\d% replayed/);
  for (const line of other.stdout.split('\n')) t.true(line.length <= 80, line);
});

test.serial('shadows are shown beside the policy in force, and never written', async (t) => {
  await using stack = await Stack.start({ servers });
  await stack.startController('--shadow', 'equal', '--shadow', 'paper');
  await until('our weights', async () => (await stack.weight('s1')) > 200);
  const status = await stack.ticks(2);
  const shadows = status.backends[0]?.shadows ?? [];
  t.deepEqual(
    shadows.map(({ policy, problem, servers }) => [policy, problem, servers.map(({ server }) => server)]),
    [
      ['equal', null, servers],
      ['paper', null, servers],
    ],
  );
  const weights = [...(await stack.weights()).values()];
  t.true(Math.max(...weights) > 200, `the weights of the paper are 0 to 40, these are ${weights}`);
  t.true(shadows[1]?.servers.every(({ weight }) => weight <= 40));

  const asked = ['--controller', stack.statusUrl];
  const table = await haweight(['weights', '--shadow', 'paper', ...asked]);
  t.is(table.code, 0, table.stderr);
  t.regex(table.stdout, /adaptive in force; paper in shadow, never written\nSERVER .* WGT +SHARE SHADOW +SHARE +DIFF/);
  for (const line of table.stdout.split('\n')) t.true(line.length <= 80, line);
  const json = await haweight(['weights', '--shadow', 'equal', '--json', ...asked]);
  t.is(JSON.parse(json.stdout).backends[0].shadows[0].policy, 'equal');
  const why = await haweight(['explain', 'web/s1', '--shadow', 'equal', ...asked]);
  t.regex(why.stdout, /^web\/s1: weight \d+ by adaptive; equal would have \d+; share \d+\.\d%\n/);
  t.regex(why.stdout, /the same weight for every server/);

  const none = await haweight(['weights', '--shadow', 'stress', ...asked]);
  t.is(none.code, 2);
  t.regex(
    none.stderr,
    /^haweight: .*computes "equal", "paper"\. Start it with: haweight controller --shadow stress\n$/,
  );
  const force = await haweight(['weights', '--shadow', 'adaptive', ...asked]);
  t.regex(force.stderr, /"adaptive" is in force/);
  const direct = await haweight(['weights', '--shadow', 'equal', '--socket', stack.haproxy.socket]);
  t.is(direct.code, 2);
  t.regex(direct.stderr, /only a running controller has it/);
});

test.serial('a failing recording is reported once, does not stop the loop, and continues later', async (t) => {
  await using folder = await temporaryFolder();
  const inner = join(folder.path, 'gone');
  await mkdir(inner);
  const file = join(inner, 'ticks.jsonl');
  await using stack = await Stack.start({ servers });
  const controller = await stack.startController('--record', file);
  await stack.ticks(1);
  await rm(inner, { recursive: true });
  const status = await stack.ticks(3);
  t.regex(status.recording?.problem ?? '', /cannot be written.*ENOENT.*Make the folder/);
  t.true((status.recording?.lostTicks ?? 0) >= 2);
  t.is(status.waitingFor, null, 'the loop does its work');
  const shown = await haweight(['weights', '--controller', stack.statusUrl]);
  t.regex(shown.stdout, /! .*cannot be written.* \(\d+ ticks lost so far\)/);
  await mkdir(inner);
  t.is((await stack.ticks(2)).recording?.problem, null);
  const { stderr } = await controller.stop();
  t.is(stderr.split('"recording problem"').length - 1, 1, stderr);
  t.is(stderr.split('"recording problem: over"').length - 1, 1, stderr);
  t.true((await linesOf(file)).length > 0);
});

test.serial('a dry run is recorded as such, and a replay with its own policy decides the same', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'ticks.jsonl');
  await using stack = await Stack.start({ servers });
  const controller = await stack.startController('--record', file, '--dry-run');
  await stack.ticks(3);
  await controller.stop();
  t.true((await linesOf(file)).every(({ outcome }) => outcome === 'dry-run'));
  const again = await haweight(['replay', file, '--policy', 'adaptive']);
  t.is(again.code, 0, again.stderr);
  t.regex(again.stdout, /all \d+ ticks have the same decisions[\s\S]*were a dry run/);
  await truncate(file, (await stat(file)).size - 20);
  const cut = await haweight(['replay', file, '--policy', 'adaptive', '--json']);
  t.is(cut.code, 1);
  t.regex(cut.stderr, /ticks\.jsonl:\d+: the line is cut off\n/);
  t.is(JSON.parse(cut.stdout).damagedLines, 1);
  await writeFile(file, 'GET / HTTP/1.1\n');
  const foreign = await haweight(['replay', file, '--policy', 'adaptive']);
  t.is(foreign.code, 2);
  t.regex(foreign.stderr, /haweight: .*it has no usable tick/);
});
