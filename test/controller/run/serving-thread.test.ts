import { execFileSync } from 'node:child_process';
import test, { type ExecutionContext } from 'ava';
import { ServingThread } from '../../../controller/run/serving-thread.ts';
import type { Problem } from '../../../shared/contract/problem.ts';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { httpServer } from '../../support/http-server.ts';
import { server, status } from '../../support/status.ts';
import { counted, traffic } from '../../support/traffic.ts';
import { recordingLogger } from '../support/recording-logger.ts';

const settings = {
  listen: { host: '127.0.0.1', port: 0 },
  token: null,
  insecure: false,
  allowHosts: [],
  tokenHint: 'a token',
};

/** A loop whose status the test sets, and the real thread that serves it. */
async function serving(options: Partial<Parameters<typeof ServingThread.start>[0]> = {}) {
  const loop = { status: status([server()]), firstProblem: null as Problem | null, traffic: traffic(1, [counted()]) };
  const { logger, lines } = recordingLogger();
  const thread = await ServingThread.start({ settings, loop, tls: null, logger, ...options });
  return { loop, lines, thread, [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose]() };
}

const ask = async (url: string) => {
  const response = await fetch(url);
  return `${response.status} ${await response.text()}`;
};

/** Asks from another process while this thread, the loop's, does nothing else. */
function askWhileThisThreadHangs(url: string): string {
  const script = `const r = await fetch(${JSON.stringify(url)}); console.log(r.status, await r.text());`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
}

test.serial('each answer is the status of now', async (t) => {
  await using served = await serving();
  const { loop, thread } = served;
  t.is(await ask(`${thread.url}/v1/status`), `200 ${JSON.stringify(loop.status)}\n`);
  loop.status = status([server()], { ticks: 11 });
  t.is(await ask(`${thread.url}/v1/status`), `200 ${JSON.stringify(loop.status)}\n`);
  t.regex(await ask(`${thread.url}/metrics`), /^haweight_ticks_total 11$/m);
  loop.firstProblem = { code: 'socket-missing', where: '/run/a.sock', what: 'there is none' };
  t.is(await ask(`${thread.url}/healthz`), '200 /run/a.sock: there is none\n');
});

test.serial('a loop that hangs is seen: 503 from every path, and all is well afterwards', async (t) => {
  await using served = await serving();
  const { url } = served.thread;
  for (const path of ['/healthz', '/v1/status', '/metrics']) {
    t.regex(askWhileThisThreadHangs(`${url}${path}`), /^503 the control loop has not answered/, path);
    await until('an answer', async () => (await ask(`${url}/healthz`)) === '200 ok\n');
  }
});

test.serial(
  'a thread that runs out of memory is told of once, and there is another one at the same address',
  async (t) => {
    await using served = await serving({ limits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 } });
    const { loop, lines, thread } = served;
    const few = loop.status;
    loop.status = status(Array.from({ length: 5_000 }, (_, index) => server({ server: `web${index}` })));
    await t.throwsAsync(ask(`${thread.url}/metrics`), { message: 'fetch failed' });
    await until('it is told', () => lines.length > 0);
    t.is(lines[0]?.message, 'status API down');
    t.regex(String(lines[0]?.['detail']), /ERR_WORKER_OUT_OF_MEMORY/);
    loop.status = few;
    await until('another one', () => lines.length > 1);
    t.is(lines[1]?.message, 'status API down: over');
    t.is(await ask(`${thread.url}/v1/status`), `200 ${JSON.stringify(few)}\n`);
    t.is(lines.length, 2);
  },
);

test.serial(
  'an address that is taken, or off loopback without a token, is the problem that it always was',
  async (t) => {
    await using taken = await httpServer(() => undefined);
    const codes = async (listen: { host: string; port: number }) =>
      await problemOf(t, serving({ settings: { ...settings, listen } }));
    t.like(await codes({ host: '127.0.0.1', port: taken.port }), { code: 'port-in-use', got: 'EADDRINUSE' });
    t.like(await codes({ host: '0.0.0.0', port: 0 }), { code: 'token-missing', expected: 'a token' });
  },
);

test.serial('after the end nothing listens, and nothing is started again', async (t) => {
  const { thread, lines } = await serving();
  await thread[Symbol.asyncDispose]();
  await t.throwsAsync(ask(`${thread.url}/healthz`), { message: 'fetch failed' });
  t.deepEqual(lines, []);
});

async function problemOf(t: ExecutionContext, start: Promise<unknown>): Promise<Problem | null> {
  const error = await t.throwsAsync(start);
  return error instanceof ProblemError ? error.problem : null;
}
