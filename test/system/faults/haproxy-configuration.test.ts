import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { operatorSays } from '../../../testbed/rig/operator.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { writtenTo } from '../../support/stack.ts';
import { isWrite } from './support/faulty-socket.ts';
import { configured, FaultRun, shares, sizes } from './support/run.ts';

/** What an operator edits: the text that HAProxy runs with. Throws where the edit would change nothing. */
async function editor(run: FaultRun): Promise<(...edit: readonly [RegExp, string]) => string> {
  const text = await readFile(join(run.stack.haproxy.folder, 'haproxy.cfg'), 'utf8');
  return (pattern, replacement) => {
    if (!pattern.test(text)) throw new Error(`nothing to edit: ${pattern}`);
    return text.replace(pattern, replacement);
  };
}

const without = (weights: ReadonlyMap<string, number>, name: string) =>
  new Map([...weights].filter(([server]) => server !== name));

/** The servers that the controller knows. */
async function serversShown(run: FaultRun): Promise<readonly string[]> {
  const [backend] = (await run.stack.status()).backends;
  return (backend?.servers ?? []).map(({ server }) => server);
}

test.serial('a reload that reweights, removes, adds or renames a server is followed', async (t) => {
  await using run = await FaultRun.start();
  const { haproxy } = run.stack;
  const edit = await editor(run);
  const right = run.right;

  t.log('s1 has another weight');
  await haproxy.reload(edit(/(server s1 .* weight) 120/, '$1 7'));
  await run.isRightWithin(t);

  t.log('s1 is removed');
  await haproxy.reload(edit(/^ *server s1 .*\n/m, ''));
  await run.isRightWithin(t, 2, without(right, 's1'));
  t.deepEqual(await serversShown(run), ['s2', 's3']);

  t.log('s1 is there again: it is new, so it ramps up');
  const written = writtenTo(run.controller, 's1').length;
  await haproxy.reload(edit(/^/, ''));
  await run.isRightWithin(t, 7, right);
  const path = writtenTo(run.controller, 's1').slice(written);
  t.true((path[0] ?? 256) <= 0.35 * (path.at(-1) ?? 0), `it starts small: ${path}`);

  t.log('s2 is renamed, and its agent is not');
  await haproxy.reload(edit(/server s2 /, 'server s9 '));
  await until('told', () => run.controller.events('agent problem').some(({ server }) => server === 's9'));
  await run.stack.ticks(3);
  const problems = run.controller.events('agent problem').filter(({ server }) => server === 's9');
  t.deepEqual(
    problems.map(({ code }) => code),
    ['agent-wrong-server'],
    'once',
  );
  t.deepEqual(await serversShown(run), ['s1', 's9', 's3']);
  const share = shares(await run.stack.weights()).get('s9') ?? 0;
  t.true(share > 0.1 && share < 0.5, `unmeasured, it has about the mean of the others: ${share}`);
  const served = await run.load.seen(performance.now() - 2_000, performance.now());
  t.true((served.served.get('s2') ?? 0) > 0, 'and gets requests');

  t.log('s2 has its name again');
  await haproxy.reload(edit(/^/, ''));
  await run.isRightWithin(t, 7, right);
  t.deepEqual(await serversShown(run), Object.keys(sizes));
  await run.nothingFailed(t);
});

test.serial('a static algorithm is reported and not written to; a server added at run time is measured', async (t) => {
  t.timeout(200_000);
  await using run = await FaultRun.start({ faultySocket: true, spares: ['s4'], cores: { ...sizes, s4: 2 } });
  const { haproxy } = run.stack;
  const edit = await editor(run);
  const told = () => run.controller.events('backend problem').map(({ code }) => code);

  t.log('leastconn');
  await haproxy.reload(edit(/balance roundrobin/, 'balance leastconn'));
  await run.isRightWithin(t);
  t.deepEqual(told(), []);

  t.log('static-rr');
  await haproxy.reload(edit(/balance roundrobin/, 'balance static-rr'));
  const reloadedMs = performance.now();
  await until('told', () => told().length === 1);
  const status = await run.stack.ticks(3);
  t.deepEqual(told(), ['backend-static'], 'once');
  t.regex(status.backends[0]?.problem ?? '', /does not take weights.*static-rr/);
  t.is(status.waitingFor, status.backends[0]?.problem ?? null);
  const commands = run.faulty.commands.length;
  await run.stack.ticks(2);
  t.deepEqual(run.faulty.commands.slice(commands).filter(isWrite), [], 'nothing is even tried');
  const during = run.timeline.samples.filter(({ atMs }) => atMs > reloadedMs);
  t.true(during.length > 20);
  for (const { servers } of during) {
    t.deepEqual(Object.fromEntries(servers.map(({ server, weight }) => [server, weight])), configured);
  }

  t.log('roundrobin again');
  await haproxy.reload(edit(/^/, ''));
  await run.isRightWithin(t);
  t.is(run.controller.events('backend problem: over').length, 1);
  t.is((await run.stack.status()).waitingFor, null);

  t.log('s4 is added at run time');
  const right = run.right;
  const says = (line: string) => operatorSays(haproxy, line);
  await run.stack.startServer('s4');

  const address = `${run.stack.addressOf('s4')}:9080`;
  // experimental up to 2.4; later versions accept the prefix too
  t.regex(await says(`experimental-mode on; add server web/s4 ${address} check inter 1s weight 128`), /registered/);
  await says('enable health web/s4; enable server web/s4');
  await until('its first weight', () => writtenTo(run.controller, 's4').length > 0);
  const withFour = await run.steady();
  const path = writtenTo(run.controller, 's4');
  t.deepEqual(
    path.slice(0, 4),
    path.slice(0, 4).sort((a, b) => a - b),
    `it only grows: ${path}`,
  );
  t.true((path[0] ?? 256) <= 0.35 * (withFour.get('s4') ?? 0), `from a small part: ${path}`);
  t.is((await run.stack.shown('s4')).agent.state, 'fresh');
  const share = shares(withFour).get('s4') ?? 0;
  t.true(share > 0.15 && share < 0.35, `2 of 9 cores: ${share}`);

  t.log('s4 is deleted');
  await says('set server web/s4 state maint');
  await until('it is deleted', async () => (await says('experimental-mode on; del server web/s4')).includes('deleted'));
  await run.isRightWithin(t, 2, right);
  t.deepEqual(await serversShown(run), Object.keys(sizes));
  await run.nothingFailed(t);
});
