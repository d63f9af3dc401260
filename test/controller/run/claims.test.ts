import test from 'ava';
import { configSchema } from '../../../controller/config/schema.ts';
import { Loop } from '../../../controller/loop/loop.ts';
import { AgentClient } from '../../../controller/observe/agent-client.ts';
import { Claims } from '../../../controller/run/claims.ts';
import { controllersOf } from '../../../controller/run/controllers-of.ts';
import type { HaproxyControl, HaproxyInfo } from '../../../haproxy/runtime-api.ts';
import { systemClock } from '../../../shared/clock.ts';
import { backendMissing } from '../../../shared/contract/problems/backend.ts';
import { err, ok } from '../../../shared/contract/result.ts';
import { silentLog } from '../../../shared/process/log.ts';
import { recordingLogger } from '../support/recording-logger.ts';

/** One process of HAProxy that two controllers were given two addresses of. */
function haproxyOf(node: string, pid: number): HaproxyInfo {
  return { version: '3.4.0', pid, uptimeSeconds: 5, startedAtSeconds: 1_000 + pid, node };
}

/** Of no other test, nor of another run. */
function addressOf(name: string): string {
  return `/none/${process.pid}-${name}.sock`;
}

function configOf(socket: string, dryRun = false) {
  return configSchema.parse({ haproxy: { socket }, backends: [{ name: 'web' }, { name: 'api' }], dryRun });
}

test('a process is claimed before it is worked on, again after a reload, and not by a dry run', async (t) => {
  const [before, after] = [haproxyOf(t.title, 8), haproxyOf(t.title, 9)];
  await using second = await Claims.take(configOf(addressOf('meets-2')));
  {
    await using first = await Claims.take(configOf(addressOf('meets-1')));
    t.is(await first.takeProcess(before), null);
    t.is(await first.takeProcess({ ...before, uptimeSeconds: 9 }), null, 'it has it');
    const taken = await second.takeProcess(before);
    t.is(taken?.code, 'controller-running');
    t.regex(taken?.got ?? '', new RegExp(`^pid ${process.pid}, listening on 127`));
    t.deepEqual([...(await controllersOf(configOf(addressOf('meets-3')), before)).keys()], ['web', 'api']);
    await using looking = await Claims.take(configOf(addressOf('meets-1'), true));
    t.is(await looking.takeProcess(before), null);

    const both = await Promise.all([first.takeProcess(after), second.takeProcess(after)]);
    t.is(both.filter((problem) => problem === null).length, 1, 'they meet at a reload: one has it');
    t.deepEqual(await first.takeProcess(after), both[0] ?? null, 'the same one at the next tick, too');
  }
  t.is(await second.takeProcess(after), null, 'free when the other ends');
});

test('of many that want the same backends at once, in whatever order, exactly one gets them', async (t) => {
  const names = ['web', 'api', 'shop', 'mail', 'files'];
  for (let round = 0; round < 10; round += 1) {
    const wanted = Array.from({ length: 6 }, (_, turn) => [...names.slice(turn % 5), ...names.slice(0, turn % 5)]);
    const taken = await Promise.allSettled(
      wanted.map((each) => {
        const config = configOf(addressOf(`many-${round}`));
        return Claims.take({ ...config, backends: each.map((name) => ({ name, agents: {} })) });
      }),
    );
    const winners = taken.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    t.is(winners.length, 1, `round ${round}`);
    for (const winner of winners) await winner[Symbol.asyncDispose]();
  }
});

test('without the claim a loop asks HAProxy who it is, writes and restores nothing, and says so once', async (t) => {
  const haproxy = haproxyOf(t.title, 8);
  await using holder = await Claims.take(configOf(addressOf('waits-1')));
  await using waiting = await Claims.take(configOf(addressOf('waits-2')));
  t.is(await holder.takeProcess(haproxy), null);
  let isOver = false;
  let asked = 0;
  /** What only the one that works may ask or send. */
  const refused = (backend = 'web') => {
    if (!isOver) t.fail();
    asked += 1;
    return Promise.resolve(err(backendMissing(backend, 'here', [])));
  };
  const api: HaproxyControl = {
    info: () => Promise.resolve(ok(haproxy)),
    ...{ servers: refused, stats: refused, setWeights: refused, setLimits: refused },
  };
  using agents = new AgentClient({ timeoutMs: 200, token: null });
  const { logger, lines } = recordingLogger();
  const claim = (info: HaproxyInfo) => waiting.takeProcess(info);
  const config = configOf(addressOf('waits-2'));
  const loop = new Loop({ config, api, agents, logger, clock: systemClock, claim });
  const stopped = new Loop({ config, api, agents, logger: silentLog, clock: systemClock, claim });
  await stopped.tick();
  t.deepEqual(await stopped.restore(), []);
  for (let tick = 0; tick < 3; tick += 1) {
    await loop.tick();
    await loop.look();
  }
  t.regex(loop.status.waitingFor ?? '', /another controller sets its weights already/);
  t.deepEqual(
    lines.map(({ message, code }) => [message, code]),
    [['waiting for haproxy', 'controller-running']],
  );
  isOver = true;
  await holder[Symbol.asyncDispose]();
  await loop.tick();
  t.true(asked > 0, 'then it works');
});
