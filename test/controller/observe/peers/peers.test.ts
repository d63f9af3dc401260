import test from 'ava';
import { Peers } from '../../../../controller/observe/peers/peers.ts';
import type { Problem } from '../../../../shared/contract/problem.ts';
import { controllerUnreachable } from '../../../../shared/contract/problems/controller.ts';
import { err, ok, type Result } from '../../../../shared/contract/result.ts';
import type { ControllerTraffic } from '../../../../shared/contract/traffic.ts';
import { counted, traffic } from '../../../support/traffic.ts';

const self = { instance: 'this-controller', haproxy: { node: 'lb-a', pid: 700, startedAtSeconds: 1_700_000_000 } };
const own = [{ server: 'web1', address: '10.0.0.1', port: 8080 }];
const [b, c] = ['http://10.0.0.2:9478', 'http://10.0.0.3:9478'];
type Answer = Result<ControllerTraffic, Problem>;

const of = (atMs: number, okTotal: number, changes: Partial<ControllerTraffic> = {}): Answer =>
  ok(traffic(atMs, [counted({ ok: okTotal, started: okTotal, inFlight: 4 })], changes));
const silent: Answer = err(controllerUnreachable(b, 'ECONNREFUSED', null));

/** Peers that answer what a test says, on a clock that it moves by a tick each. */
class Rig {
  nowMs = 50_000;
  answers: Record<string, Answer> = {};
  readonly peers: Peers;

  constructor(...urls: readonly string[]) {
    const source = { fetch: (url: string) => Promise.resolve(this.answers[url] ?? silent) };
    this.peers = new Peers({ urls, source }, () => this.nowMs);
  }

  async tick(answers: Record<string, Answer>, elapsedMs = 2_000) {
    this.nowMs += elapsedMs;
    this.answers = answers;
    await this.peers.ask(self);
    return this.peers.elsewhere('web', own, elapsedMs)?.get('web1') ?? null;
  }

  get codes() {
    return this.peers.health.map(({ problem }) => problem?.code ?? null);
  }
}

test('what the peer did between its last two readings, over our own tick; the first reading tells nothing', async (t) => {
  const rig = new Rig(b);
  t.is(await rig.tick({ [b]: of(1_000, 500) }), null);
  t.deepEqual(await rig.tick({ [b]: of(3_000, 540) }), { ok: 40, started: 40, inFlight: 4 });
  t.deepEqual(rig.codes, [null]);
});

test('a peer whose tick was just missed is not idle, and its next one is not twice as busy', async (t) => {
  const rig = new Rig(b);
  await rig.tick({ [b]: of(1_000, 0) });
  await rig.tick({ [b]: of(3_000, 40) });
  t.is((await rig.tick({ [b]: of(3_000, 40) }))?.ok, 40);
  t.is((await rig.tick({ [b]: of(7_000, 120) }))?.ok, 40);
});

test('a trickle is counted in whole numbers that are right in sum', async (t) => {
  const rig = new Rig(b);
  await rig.tick({ [b]: of(0, 0) });
  let sum = 0;
  for (let tick = 1; tick <= 30; tick += 1) {
    // a peer with a longer period: a third of a request in each tick of this one
    const at = Math.floor(tick / 3);
    sum += (await rig.tick({ [b]: of(6_000 * at, at, { periodMs: 6_000 }) }))?.ok ?? 0;
  }
  t.true(sum >= 8 && sum <= 10, `${sum} of 10`);
});

test('several peers add up', async (t) => {
  const other = { instance: 'third-controller', haproxy: { node: 'lb-c', pid: 9, startedAtSeconds: 5 } };
  const rig = new Rig(b, c);
  await rig.tick({ [b]: of(1_000, 0), [c]: of(9_000, 0, other) });
  t.is((await rig.tick({ [b]: of(3_000, 40), [c]: of(11_000, 10, other) }))?.ok, 50);
});

test('one lost answer is bridged; a peer that stays silent is as none, and the others still count', async (t) => {
  const rig = new Rig(b);
  await rig.tick({ [b]: of(1_000, 0) });
  await rig.tick({ [b]: of(3_000, 40) });
  t.is((await rig.tick({ [b]: silent }))?.ok, 40);
  t.deepEqual(rig.codes, [null]);
  await rig.tick({ [b]: silent });
  t.is(await rig.tick({ [b]: silent }), null);
  t.deepEqual(rig.codes, ['controller-unreachable']);
  t.is(rig.peers.health[0]?.failures, 3);
  t.is(await rig.tick({ [b]: of(60_000, 90_000) }), null, 'what happened meanwhile is nothing of one tick');
  t.is((await rig.tick({ [b]: of(62_000, 90_020) }))?.ok, 20);
});

test('a peer that answers the same counters for ever is stale', async (t) => {
  const rig = new Rig(b);
  await rig.tick({ [b]: of(1_000, 0) });
  for (let tick = 0; tick < 4; tick += 1) await rig.tick({ [b]: of(3_000, 40) });
  t.is(await rig.tick({ [b]: of(3_000, 40) }), null);
  t.deepEqual(rig.codes, ['peer-stale']);
});

test('this controller itself, and another one at the same HAProxy, are left out and say why', async (t) => {
  const rig = new Rig(b, c);
  const same = { haproxy: self.haproxy };
  await rig.tick({ [b]: of(1_000, 0, { ...same, instance: self.instance }), [c]: of(1_000, 0, same) });
  t.is(await rig.tick({ [b]: of(3_000, 9, { ...same, instance: self.instance }), [c]: of(3_000, 9, same) }), null);
  t.deepEqual(rig.codes, ['peer-same', 'peer-same']);
  t.regex(rig.peers.health[0]?.problem?.what ?? '', /the controller itself/);
  t.regex(rig.peers.health[1]?.problem?.what ?? '', /same HAProxy as this controller/);
});

test('two peers at one HAProxy, or two URLs of one peer, count once', async (t) => {
  const rig = new Rig(b, c);
  await rig.tick({ [b]: of(1_000, 0), [c]: of(7_000, 0, { instance: 'dry-run-beside-it' }) });
  t.is((await rig.tick({ [b]: of(3_000, 40), [c]: of(9_000, 40, { instance: 'dry-run-beside-it' }) }))?.ok, 40);
  t.deepEqual(rig.codes, [null, 'peer-same']);
});

test('after a restart of the peer or its HAProxy, and when its clock goes back, counting begins anew', async (t) => {
  const later = { node: 'lb-b', pid: 801, startedAtSeconds: 1_700_000_900 };
  for (const changes of [{ instance: 'started-again' }, { haproxy: later }]) {
    const rig = new Rig(b);
    await rig.tick({ [b]: of(1_000, 0) });
    await rig.tick({ [b]: of(3_000, 40) });
    t.is(await rig.tick({ [b]: of(5_000, 9_000, changes) }), null);
    t.is((await rig.tick({ [b]: of(7_000, 9_010, changes) }))?.ok, 10);
  }
  const rig = new Rig(b);
  await rig.tick({ [b]: of(5_000, 0) });
  t.is(await rig.tick({ [b]: of(1_000, 9_000) }), null);
  t.is((await rig.tick({ [b]: of(3_000, 9_010) }))?.ok, 10);
});

test('a peer that claims what cannot be is not believed, not even what it told before', async (t) => {
  const rig = new Rig(b);
  await rig.tick({ [b]: of(1_000, 0) });
  await rig.tick({ [b]: of(3_000, 40) });
  t.is(await rig.tick({ [b]: of(5_000, 1e9) }), null);
  t.deepEqual(rig.codes, ['peer-invalid']);
});

test('a peer that hangs is waited for once, and only for a moment', async (t) => {
  let asked = 0;
  const hang = () => {
    asked += 1;
    return new Promise<Answer>(() => {});
  };
  const peers = new Peers({ urls: [b], source: { fetch: hang } }, () => performance.now());
  const startedMs = performance.now();
  await peers.ask(self);
  const tookMs = performance.now() - startedMs;
  t.true(tookMs >= 98, 'it may have answered');
  const again = performance.now();
  await peers.ask(self);
  t.true(performance.now() - again < tookMs, 'it is not waited for again');
  t.is(asked, 1, 'nor asked while it has not answered');
});
