import test from 'ava';
import { blindLimitMs } from '../../../../controller/decide/guard/hold.ts';
import { Backend, reasonCodes } from '../../support/play.ts';

const easy = { utilisation: { cpu: 0.2, ram: 0.2 } };
const easyAll = { a: easy, b: easy, c: easy, d: easy };
const silent = { stale: true };
const allSilent = { a: silent, b: silent, c: silent, d: silent };
const periodMs = 2_000;
const blindTicks = blindLimitMs / periodMs;

/** Four equal servers, one of which is drained when all agents fall silent. */
function drainedAndBlind(): Backend {
  const backend = new Backend({ a: 100, b: 100, c: 100, d: 100 });
  backend.ticks(10, { ...easyAll, a: { utilisation: { cpu: 0.95 } } });
  if (backend.weight('a') !== 0) throw new Error('a is not drained');
  return backend;
}

test('blind, a drained server is not left at 0 for ever: after a while it comes back by a ramp, and only it is written', (t) => {
  const backend = drainedAndBlind();
  const others = () => ['b', 'c', 'd'].map((name) => backend.weight(name));
  const before = others();
  backend.ticks(blindTicks, allSilent);
  t.is(backend.weight('a'), 0, 'held at first');
  const first = backend.tick(allSilent).get('a');
  t.true(first?.reasons.some((reason) => reason.code === 'released' && reason.because === 'stale'));
  t.true(reasonCodes(first).includes('ramp'));
  t.false(first?.drained);
  const rise = [backend.weight('a')];
  for (let tick = 0; tick < 6; tick += 1) {
    backend.tick(allSilent);
    rise.push(backend.weight('a'));
  }
  t.true((rise[0] ?? 0) > 0 && (rise[0] ?? 0) < 0.3 * (before[0] ?? 0), `it starts small: ${rise}`);
  t.deepEqual(
    rise,
    rise.toSorted((x, y) => x - y),
  );
  t.true((rise.at(-1) ?? 0) >= 3 * (rise[0] ?? 0), `to what was learned of it: ${rise}`);
  t.deepEqual(others(), before);
});

test('blind for a moment again and again is not blind for long', (t) => {
  const backend = drainedAndBlind();
  for (let round = 0; round < 4; round += 1) {
    backend.ticks(blindTicks, allSilent);
    backend.tick({ ...easyAll, a: { utilisation: { cpu: 0.95 } } });
  }
  t.is(backend.weight('a'), 0);
});

test('blind, a server at weight 0 that we did not drain is left there', (t) => {
  const backend = new Backend({ a: 0, b: 100, c: 100 });
  backend.ticks(3 * blindTicks, { a: silent, b: silent, c: silent });
  t.deepEqual([...backend.weights.values()], [0, 100, 100]);
});

test('blind, a server that was on its ramp finishes it, and does not make the drained one look larger or smaller', (t) => {
  const learnedOf = (isRamping: boolean) => {
    const backend = drainedAndBlind();
    const hot = { a: { utilisation: { cpu: 0.95 } } };
    if (isRamping) backend.tick({ ...easyAll, ...hot, d: { ...easy, exclusion: 'maintenance' } });
    if (isRamping) backend.tick({ ...easyAll, ...hot });
    backend.ticks(blindTicks + 8, allSilent);
    return [backend.weight('a'), backend.weight('d')] as const;
  };
  const [a, d] = learnedOf(true);
  const [undisturbedA, undisturbedD] = learnedOf(false);
  t.true(Math.abs(a - undisturbedA) <= 0.1 * undisturbedA, `${a} and ${undisturbedA}`);
  t.true(Math.abs(d - undisturbedD) <= 0.1 * undisturbedD, `${d} and ${undisturbedD}`);
});
