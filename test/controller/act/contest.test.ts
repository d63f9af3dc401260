import test from 'ava';
import fc from 'fast-check';
import {
  type Contests,
  forgetAfterTicks,
  forgetLeft,
  leftToOthers,
  maxWaitTicks,
  noteLeft,
  yieldContested,
} from '../../../controller/act/contest.ts';
import type { Decision } from '../../../shared/contract/decision.ts';

const ours = 200;
const theirs = 10;
const place = { address: '127.0.0.1', port: 8080 };

function decision(server: string, weight: number, current: number): Decision {
  return { server, weight, write: weight !== current, drained: weight === 0, load: null, delta: null, reasons: [] };
}

/** One server among others, tick by tick: HAProxy has what was written last, by us or by another writer before the tick. */
class Duel {
  contests: Contests = new Map();
  weight = ours;
  writes = 0;
  foreign = 0;
  contested: readonly string[] = [];

  tick(foreign: number | null): void {
    if (foreign !== null) this.weight = foreign;
    const seen = [
      { ...place, server: 's1', currentWeight: this.weight, exclusion: null },
      { ...place, server: 's2', currentWeight: ours, exclusion: null },
    ];
    const decided = [decision('s1', ours, this.weight), decision('s2', ours, ours)];
    const outcome = yieldContested(decided, seen, this.contests);
    const [first] = outcome.decisions;
    if (first?.write) {
      this.weight = first.weight;
      this.writes += 1;
    }
    this.foreign += outcome.foreignWrites.length;
    this.contested = outcome.contested;
    this.contests = noteLeft(outcome.contests, (server) => (server === 's1' ? this.weight : ours));
  }

  ticks(count: number, foreign: number | null): void {
    for (let tick = 0; tick < count; tick += 1) this.tick(foreign);
  }
}

test('a weight that another writer changed once is written again at the next tick', (t) => {
  const duel = new Duel();
  duel.tick(null);
  duel.tick(theirs);
  t.is(duel.weight, ours);
  t.is(duel.foreign, 1);
  duel.ticks(5, null);
  t.deepEqual(duel.contested, []);
});

test('who writes it again and again is named, and not fought every tick', (t) => {
  const duel = new Duel();
  duel.ticks(2, null);
  duel.ticks(100, theirs);
  t.deepEqual(duel.contested, ['s1']);
  // at the ticks 1, 4 (2 + 2), 9 (4), 18 (8), then every 17th
  t.true(duel.writes <= 10, `${duel.writes} writes in 100 ticks`);
  t.true(duel.writes >= 6, `${duel.writes} writes in 100 ticks`);
});

test('ours is back within the longest wait after the other writer stopped, and the next time counts as the first', (t) => {
  const duel = new Duel();
  duel.ticks(2, null);
  duel.ticks(100, theirs);
  duel.ticks(maxWaitTicks + 1, null);
  t.is(duel.weight, ours);
  duel.ticks(3, null);
  t.deepEqual(duel.contested, [], 'not called contested any more');
  duel.ticks(forgetAfterTicks, null);
  duel.tick(theirs);
  t.is(duel.weight, ours);
});

test('a weight that a failed write may have left, or that a new HAProxy has, is not another writer’s', (t) => {
  const seen = [{ ...place, server: 's1', currentWeight: 100, exclusion: null }];
  const decided = [decision('s1', ours, 100)];
  const known = yieldContested(decided, seen, new Map()).contests;
  for (const contests of [noteLeft(known, () => null), forgetLeft(noteLeft(known, () => ours))]) {
    const { foreignWrites, decisions } = yieldContested(decided, seen, contests);
    t.deepEqual(foreignWrites, []);
    t.deepEqual(decisions, decided);
  }
});

test('a server out of rotation is not contested: an operator may give it any weight meanwhile', (t) => {
  let contests: Contests = new Map();
  for (const currentWeight of [ours, 10, 20]) {
    const seen = [{ ...place, server: 's1', currentWeight, exclusion: 'maintenance' as const }];
    const outcome = yieldContested([decision('s1', currentWeight, currentWeight)], seen, contests);
    t.deepEqual(outcome.foreignWrites, []);
    contests = noteLeft(outcome.contests, () => currentWeight);
  }
  const back = [decision('s1', ours, 20)];
  const seen = [{ ...place, server: 's1', currentWeight: 20, exclusion: null }];
  t.deepEqual(yieldContested(back, seen, contests).decisions, back, 'and it gets its weight as soon as it is back');
});

test('the servers that the tick leaves to another writer are known before it decides', (t) => {
  let contests: Contests = new Map();
  let weight = ours;
  for (let tick = 0; tick < 40; tick += 1) {
    if (tick > 2) weight = theirs;
    const seen = [{ ...place, server: 's1', currentWeight: weight, exclusion: null }];
    const left = leftToOthers(seen, contests).has('s1');
    const outcome = yieldContested([decision('s1', ours, weight)], seen, contests);
    const [only] = outcome.decisions;
    t.is(left, only?.reasons.some(({ code }) => code === 'contested') ?? false, `tick ${tick}`);
    if (only?.write) weight = only.weight;
    contests = noteLeft(outcome.contests, () => weight);
  }
});

test('another server under the same name has no contest', (t) => {
  const duel = new Duel();
  duel.ticks(2, null);
  duel.ticks(20, theirs);
  t.deepEqual(duel.contested, ['s1']);
  const moved = { server: 's1', currentWeight: theirs, exclusion: null };
  for (const there of [
    { ...moved, address: '10.244.9.9', port: 8080 },
    { ...moved, address: '127.0.0.1', port: 9090 },
  ]) {
    const outcome = yieldContested([decision('s1', ours, theirs)], [there], duel.contests);
    t.true(outcome.decisions[0]?.write);
    t.deepEqual([outcome.contested, outcome.foreignWrites], [[], []]);
  }
  const away = { ...moved, address: '', port: null };
  t.deepEqual(yieldContested([decision('s1', ours, theirs)], [away], duel.contests).contested, ['s1']);
});

const weight = fc.integer({ min: 0, max: 256 });

test('property: it changes nothing but the contested, never leaves only zeros where a weight was decided, and writes seldom', (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(weight, fc.option(weight)), { minLength: 1, maxLength: 80 }), (history) => {
      let contests: Contests = new Map();
      let current = ours;
      const fights: number[] = [];
      for (const [tick, [wanted, foreign]] of history.entries()) {
        const isChanged = foreign !== null && foreign !== current;
        if (foreign !== null) current = foreign;
        const decided = [decision('s1', wanted, current)];
        const seen = [{ ...place, server: 's1', currentWeight: current, exclusion: null }];
        const outcome = yieldContested(decided, seen, contests);
        const [only] = outcome.decisions;
        if (only === undefined) return false;
        if (wanted > 0 && only.weight === 0) return false;
        if (!only.write && only.weight !== current) return false;
        if (isChanged && only.write && current > 0) fights.push(tick);
        if (only.write) current = only.weight;
        contests = noteLeft(outcome.contests, () => current);
      }
      return fights.every((tick, index) => index < 2 || tick - (fights[index - 2] ?? 0) > 3);
    }),
    { numRuns: 1_000 },
  );
  t.pass();
});
