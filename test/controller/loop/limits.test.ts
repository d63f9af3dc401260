import { type LeftLimits, LimitLedger } from '../../../controller/act/limit-ledger.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { expectOk, haproxyTest as test } from '../../haproxy/setup.ts';
import { LiveLoop } from '../support/live-loop.ts';

/* Limits on a real HAProxy, by the rule that needs no traffic: in proportion to the weights, scaled by HAProxy. */

const scaling = 'minconn 2 maxconn 10000';

function configurationOf(options = scaling, mode: 'http' | 'tcp' = 'http') {
  const servers = [1, 2, 3, 4].map((index) => {
    return { name: `s${index}`, address: `127.0.0.1:${index}`, options: index === 4 ? `backup ${options}` : options };
  });
  return renderConfiguration({ backends: [{ name: 'web', mode, lines: ['fullconn 10000'], servers }] });
}

const start = (options?: string, mode?: 'http' | 'tcp') =>
  startHaproxy({ configuration: configurationOf(options, mode), masterWorker: true });

type Haproxy = Awaited<ReturnType<typeof start>>;

async function limitsOf({ api }: Haproxy): Promise<Record<string, number | null>> {
  const rows = expectOk(await api.stats('web')).filter(({ kind }) => kind === 'server');
  return Object.fromEntries(rows.map(({ name, limit }) => [name, limit]));
}

const configured = { s1: 10_000, s2: 10_000, s3: 10_000, s4: 10_000 };
const ours = { s1: 5_250, s2: 5_250, s3: 5_250, s4: 10_000 };
const live = (haproxy: Haproxy, options: ConstructorParameters<typeof LiveLoop>[1] = {}, limits = 'on') =>
  new LiveLoop(haproxy, options, 'equal', false, limits);

test('limits are written, read back, kept, and given back on leaving; a backup server keeps its own', async (t) => {
  await using haproxy = await start();
  const loop = live(haproxy);
  await loop.ticks(1);
  t.deepEqual(await limitsOf(haproxy), ours);
  await loop.ticks(3);
  t.like(loop.loop.status.backends[0]?.servers[0]?.limit, { limit: 5_250, now: 5_250, reason: { code: 'bound' } });
  t.is(loop.loop.status.backends[0]?.waiting, 0);
  await loop.leave();
  t.deepEqual(await limitsOf(haproxy), configured);
});

test('observed limits are shown and not written', async (t) => {
  await using haproxy = await start();
  const loop = live(haproxy, {}, 'observe');
  await loop.ticks(2);
  t.like(loop.loop.status.backends[0]?.servers[0]?.limit, { limit: 5_250, now: 10_000 });
  t.deepEqual(await limitsOf(haproxy), configured);
});

test('after a reload HAProxy has the configured limits, and the next ticks write ours again', async (t) => {
  await using haproxy = await start();
  const loop = live(haproxy);
  await loop.ticks(2);
  await haproxy.reload(configurationOf());
  t.deepEqual(await limitsOf(haproxy), configured);
  await loop.ticks(2);
  t.deepEqual(await limitsOf(haproxy), ours);
});

test('a reload with another maxconn: ours go by the new one, and it is what comes back', async (t) => {
  await using haproxy = await start();
  const loop = live(haproxy);
  await loop.ticks(2);
  await haproxy.reload(configurationOf('maxconn 7'));
  await loop.ticks(3);
  const all7 = { s1: 7, s2: 7, s3: 7, s4: 7 };
  t.deepEqual(await limitsOf(haproxy), all7, 'nothing is proven, so the configured one stands');
  await loop.leave();
  t.deepEqual(await limitsOf(haproxy), all7);
});

test("an operator's limit is left alone and said once, and nobody else is bound beside it", async (t) => {
  await using haproxy = await start();
  const loop = live(haproxy);
  await loop.ticks(2);
  await loop.operator('set maxconn server web/s1 33');
  await loop.ticks(3);
  t.deepEqual(await limitsOf(haproxy), { ...configured, s1: 33 });
  t.is(loop.lines.filter(({ message }) => message === 'limits changed by another writer').length, 1);
  await loop.leave();
  t.deepEqual(await limitsOf(haproxy), { ...configured, s1: 33 });
});

test('in tcp mode limits are left alone', async (t) => {
  await using haproxy = await start(scaling, 'tcp');
  const loop = live(haproxy);
  await loop.ticks(3);
  t.is(loop.loop.status.backends[0]?.servers[0]?.limit, null);
  t.deepEqual(await limitsOf(haproxy), configured);
});

test('a controller that was killed: the next one gives back the configured limits', async (t) => {
  await using haproxy = await start();
  let noted: LeftLimits = new Map();
  const keep = (left: LeftLimits) => {
    noted = new Map(left);
  };
  await live(haproxy, { limitLedgerOf: () => new LimitLedger(new Map(), keep) }).ticks(2);
  t.deepEqual(await limitsOf(haproxy), ours);
  const next = live(haproxy, { limitLedgerOf: () => new LimitLedger(noted, keep) });
  await next.ticks(2);
  t.deepEqual(await limitsOf(haproxy), ours, 'not lower for having been found so');
  await next.leave();
  t.deepEqual(await limitsOf(haproxy), configured);
  t.is(noted.size, 0);
});

test('a server that leaves weight 0 has its limit sent again: until then HAProxy gives it no request that waits', async (t) => {
  await using haproxy = await start();
  const { api } = haproxy;
  const sent: string[] = [];
  const loop = live(haproxy, {
    api: {
      info: () => api.info(),
      servers: (backend) => api.servers(backend),
      stats: (backend) => api.stats(backend),
      setWeights: (backend, changes) => api.setWeights(backend, changes),
      setLimits: (backend, changes) => {
        sent.push(...changes.map(({ server, limit }) => `${server} ${limit}`));
        return api.setLimits(backend, changes);
      },
    },
  });
  await loop.ticks(2);
  sent.length = 0;
  await loop.operator('set server web/s2 weight 0');
  await loop.ticks(1);
  t.true((await loop.weights())['s2'] !== 0, 'the first foreign write is undone');
  t.deepEqual(sent, ['s2 5250']);
});

test('a HAProxy that refuses limits gets weights all the same, and the status says why', async (t) => {
  await using haproxy = await start();
  const { api } = haproxy;
  const loop = live(haproxy, {
    api: {
      info: () => api.info(),
      servers: (backend) => api.servers(backend),
      stats: (backend) => api.stats(backend),
      setWeights: (backend, changes) => api.setWeights(backend, changes),
      // a name that this HAProxy has not: its real refusal
      setLimits: (backend, changes) => api.setLimits(backend, [...changes.slice(0, 0), { server: 'none', limit: 1 }]),
    },
  });
  await loop.ticks(2);
  t.deepEqual(await limitsOf(haproxy), configured);
  t.is((await loop.weights())['s1'], 256);
  t.regex(loop.loop.status.backends[0]?.problem ?? '', /none/);
});
