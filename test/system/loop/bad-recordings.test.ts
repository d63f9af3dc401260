import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { recordingOf } from '../../controller/record/support.ts';
import { observed } from '../../controller/support/build.ts';
import { haweight } from '../../support/process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/* What stops shadows, recordings and replays: one line, exit code 2; and recordings that are damaged. One at a time: each is a process. */

const refused: readonly (readonly [args: readonly string[], ...words: string[]])[] = [
  [['controller', '-b', 'web', '--shadow', 'equal,fastest'], '--shadow', 'one of adaptive, inverse-load', '"fastest"'],
  [['controller', '-b', 'web', '--shadow', 'adaptive'], '--shadow', 'other than the one in force'],
  [['controller', '-b', 'web', '--listen', '127.0.0.1:0', '--record', '/nonexistent/x'], '/nonexistent/x', 'ENOENT'],
  [['controller', '-b', 'web', '--check', '--record', '/tmp'], '/tmp', 'Name a file in that folder'],
  [['weights', '--shadow', 'equal', '--controller', 'http://127.0.0.1:1'], 'http://127.0.0.1:1'],
  [
    ['weights', '--shadow', 'equal', '--socket', '/x'],
    'only a running controller',
    'haweight controller --shadow equal',
  ],
  [['explain', 'web/web1', '--shadow', 'equal', '-s', '/x'], 'only a running controller'],
  [['replay', '/nonexistent/ticks', '--policy', 'equal'], '/nonexistent/ticks', 'ENOENT'],
  [['replay', '/dev/null', '--policy', 'equal'], '/dev/null', 'not a regular file'],
  [['replay', '/dev/null', '--policy', 'fastest'], '--policy', 'one of adaptive, inverse-load', '"fastest"'],
  [['replay', '/dev/null', '--policy', 'equal', '--config', '/nonexistent.yaml'], '/nonexistent.yaml'],
];
for (const [args, ...words] of refused) {
  test.serial(`haweight ${args.join(' ')} gives one line with the problem, and exit code 2`, async (t) => {
    const { code, stdout, stderr } = await haweight(args);
    t.is(code, 2, stderr);
    t.is(stdout, '');
    t.is(stderr.trimEnd().split('\n').length, 1, stderr);
    for (const word of words) t.true(stderr.includes(word), stderr);
  });
}

test.serial('haweight replay without a file points to --help; one that is missing is named', async (t) => {
  const without = await haweight(['replay']);
  t.is(without.code, 2);
  t.regex(without.stderr, /^error: .*\n\(see haweight --help\)\n$/);
  const missing = await haweight(['replay', 'x']);
  t.is(missing.code, 2);
  t.regex(missing.stderr, /^haweight: x: the recording cannot be read; .* got ENOENT\n$/);
});

const ticks = Array.from({ length: 9 }, (_, index) => ({
  observations: [observed('a', { cores: 1, utilisation: { cpu: 0.05 * index } }), observed('b', { cores: 4 })],
  elapsedMs: 2_000,
}));
const lines = recordingOf(ticks, 'inverse-load').map((record) => JSON.stringify(record));

interface Summary {
  readonly summary: readonly { readonly ticks: number; readonly repeated: unknown }[];
  readonly damagedLines: number;
}

async function replayed(files: readonly string[]) {
  const { code, stdout, stderr } = await haweight(['replay', ...files, '--policy', 'inverse-load', '--json']);
  return { code, stderr, result: JSON.parse(stdout) as Summary };
}

test.serial('rotated files are read oldest first, in any order of arguments', async (t) => {
  await using folder = await temporaryFolder();
  const names = ['ticks.2', 'ticks.1', 'ticks'].map((name) => join(folder.path, name));
  for (const [index, name] of names.entries()) {
    await writeFile(name, `${lines.slice(index * 3, index * 3 + 3).join('\n')}\n`);
  }
  const { code, result } = await replayed(names.toReversed());
  t.is(code, 0);
  t.like(result.summary[0], { ticks: 9, repeated: { ticks: 9, equal: 9, firstDifferenceAt: null } });
});

test.serial('damage within a recording is named by file and line, and the rest is used', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'ticks');
  const foreign = Array.from({ length: 20 }, () => 'Nov 22 07:34:32 web1 systemd[1]: started');
  await writeFile(file, [...lines.slice(0, 4), lines[4]?.slice(0, 99), ...foreign, ...lines.slice(5)].join('\n'));
  const { code, stderr, result } = await replayed([file]);
  t.is(code, 1);
  const said = stderr.trimEnd().split('\n');
  t.is(said[0], `${file}:5: the line is not valid JSON or was cut off: "${lines[4]?.slice(0, 30)}…"`);
  t.is(said.length, 6, stderr);
  t.is(said[5], '16 more damaged lines');
  t.is(result.damagedLines, 21);
  t.like(result.summary[0], { ticks: 8, missingTicks: 1 });
});

test.serial('for a backend that was not recorded the recorded ones are listed', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'ticks');
  await writeFile(file, `${lines.join('\n')}\n`);
  const { code, stderr } = await haweight(['replay', file, '--policy', 'equal', '-b', 'wbe']);
  t.is(code, 2);
  t.is(stderr, 'haweight: --backend: the recording has no such backend; expected one of web, got "wbe"\n');
});

test.serial('other settings come from a configuration file', async (t) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'ticks');
  const config = join(folder.path, 'c.yaml');
  await writeFile(file, `${lines.join('\n')}\n`);
  await writeFile(config, 'backends: [{name: web}]\nfactors: {cpu: 1, ram: 0, bandwidth: 0, threads: 0}\n');
  const { code, stdout } = await haweight(['replay', file, '--policy', 'inverse-load', '--config', config]);
  t.is(code, 0);
  t.notRegex(stdout, /as recorded/);
  t.notRegex(stdout, /differ by 0\.00%/);
});
