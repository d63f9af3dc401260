import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { findHaproxy } from '../../../testbed/rig/haproxy-program.ts';
import { freePort } from '../../../testbed/rig/ports.ts';
import { haproxyTest as test } from '../../haproxy/setup.ts';
import { httpServer } from '../../support/http-server.ts';

const folder = new URL('../../../deploy/keepalived/', import.meta.url).pathname;
const script = `${folder}check-haproxy`;

interface Checked {
  readonly code: number;
  readonly said: string;
}

function check(...args: readonly string[]): Promise<Checked> {
  return new Promise((resolve) => {
    execFile(script, args, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code ?? Number.NaN);
      resolve({ code, said: stdout + stderr });
    });
  });
}

/** The example's frontend for the check, at this port, and nothing else of it. */
async function healthFrontend(port: number): Promise<string> {
  const text = await readFile(`${folder}haproxy.cfg`, 'utf8');
  const [, frontend] = /^(frontend health\n(?: {4}.*\n)+)/m.exec(text) ?? [];
  if (frontend === undefined || !frontend.includes('127.0.0.1:8405')) throw new Error('no frontend health');
  return `defaults\n  mode http\n  timeout client 5s\n${frontend.replace('8405', String(port))}`;
}

test('HAProxy accepts the example for two machines, without a warning', (t) => {
  const { stdout, stderr } = spawnSync(findHaproxy() ?? '', ['-c', '-V', '-f', `${folder}haproxy.cfg`], {
    encoding: 'utf8',
  });
  t.regex(stdout + stderr, /Configuration file is valid/);
  t.notRegex(stdout + stderr, /WARNING|ALERT/);
});

test('the check passes where HAProxy answers, and fails in one line where it hangs or is gone', async (t) => {
  const port = await freePort();
  const where = `127.0.0.1:${port}`;
  await using haproxy = await startHaproxy({ configuration: await healthFrontend(port) });
  t.deepEqual(await check(where), { code: 0, said: '' });

  process.kill(haproxy.pid, 'SIGSTOP');
  const hanging = await check(where);
  process.kill(haproxy.pid, 'SIGCONT');
  t.is(hanging.code, 1, 'its process is there, and the kernel still takes connections for it');
  t.is(hanging.said, `check-haproxy: ${where}: no answer within 1 s: HAProxy hangs or is overloaded\n`);
  t.deepEqual(await check(where), { code: 0, said: '' });

  await haproxy.end('SIGKILL');
  const gone = await check(where);
  t.is(gone.code, 1);
  t.is(gone.said, `check-haproxy: ${where}: cannot connect. Does HAProxy run, with the frontend health?\n`);
});

test('an answer other than 200 fails the check, in a line without control characters', async (t) => {
  await using server = await httpServer((_, response) => response.writeHead(503).end());
  const where = server.address;
  const refused = await check(where);
  t.is(refused.code, 1);
  t.is(refused.said, `check-haproxy: ${where}: expected HTTP 200; got HTTP/1.1 503 Service Unavailable\n`);
});

for (const args of [['8405'], ['127.0.0.1:8405', 'more'], ['127.0.0.1:x'], ['$(id):80'], ['']]) {
  test(`the check refuses ${JSON.stringify(args)} in one line`, async (t) => {
    const refused = await check(...args);
    t.is(refused.code, 2);
    t.regex(refused.said, /^check-haproxy: expected one ADDRESS:PORT, such as 127\.0\.0\.1:8405; got [^\n]*\n$/);
  });
}
