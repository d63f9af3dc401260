import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const run = promisify(execFile);
const repository = new URL('../../..', import.meta.url).pathname;
const ava = join(repository, 'node_modules', 'ava', 'entrypoints', 'cli.js');

/** Runs AVA with this environment on a file with one engine test. Returns how it ended and its output. */
async function runEngineTest(folder: string, environment: Record<string, string>) {
  const helper = JSON.stringify(join(repository, 'test/system/containers/support/engine.ts'));
  await writeFile(
    join(folder, 'one.test.ts'),
    `import { engineTest } from ${helper};\nengineTest('needs an engine', (t) => Promise.resolve(t.pass()));\n`,
  );
  await writeFile(join(folder, 'ava.config.js'), "export default { extensions: ['ts'] };\n");
  await writeFile(join(folder, 'package.json'), '{"type": "module"}');
  const env = { ...process.env, CI: '', ...environment };
  const ended = run(process.execPath, [ava, '--config', 'ava.config.js'], { cwd: folder, env });
  return await ended.then(
    ({ stdout, stderr }) => ({ ok: true, text: stdout + stderr }),
    ({ stdout, stderr }: { stdout: string; stderr: string }) => ({ ok: false, text: stdout + stderr }),
  );
}

const nobody = { DOCKER_HOST: 'unix:///nonexistent/docker.sock' };

test('without an engine a test that needs one is skipped with a line that says why', async (t) => {
  await using folder = await temporaryFolder();
  const { ok, text } = await runEngineTest(folder.path, nobody);
  t.true(ok, text);
  t.regex(text, /1 test skipped/);
  t.regex(text, /SKIPPING everything that needs containers: no Docker Engine answers \(.*\)\. Start it/);
});

test('in CI such a test fails with the same line', async (t) => {
  await using folder = await temporaryFolder();
  const { ok, text } = await runEngineTest(folder.path, { ...nobody, CI: 'true' });
  t.false(ok, text);
  t.regex(text, /no Docker Engine answers/);
});

test('without the command docker that line names it', async (t) => {
  await using folder = await temporaryFolder();
  const { ok, text } = await runEngineTest(folder.path, { PATH: folder.path });
  t.true(ok, text);
  t.regex(text, /there is no command docker/);
});
