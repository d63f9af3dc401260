import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import { policyNamed } from '../../../controller/decide/policies/registry.ts';
import type { Policy } from '../../../shared/contract/policy.ts';
import { seededRandom } from '../../../shared/math/random.ts';
import { mean, median } from '../../../shared/math/statistics.ts';
import { observed, type ServerSketch } from '../support/build.ts';
import { Backend, play, reasonCodes, type Tick } from '../support/play.ts';
import { guarded } from './policies/promises.ts';

/** A backend whose requests go by weight: how many each server gets depends on what was decided. */
class Fleet {
  readonly backend: Backend;
  readonly #requests: number;
  /** Parts of requests that are left over for the next tick. */
  readonly #left = new Map<string, number>();
  readonly #names: readonly string[];

  constructor(count: number, requests: number, policy: Policy, algorithm = 'roundrobin') {
    this.#names = Array.from({ length: count }, (_, index) => `s${index + 1}`);
    this.#requests = requests;
    this.backend = new Backend(Object.fromEntries(this.#names.map((name) => [name, 100])), { policy, algorithm });
  }

  /** `refused`: of so many answers, how many are 4xx, which cost no CPU; the rest make the server busy. */
  tick(refused: Readonly<Record<string, (answers: number) => number>> = {}) {
    const total = this.#names.reduce((sum, name) => sum + this.backend.weight(name), 0);
    const sketchOf = (name: string): ServerSketch => {
      const due = (this.#requests * this.backend.weight(name)) / total + (this.#left.get(name) ?? 0);
      const answers = Math.floor(due);
      this.#left.set(name, due - answers);
      const clientErrors = Math.round(refused[name]?.(answers) ?? 0);
      const cpu = Math.min(1, 0.02 + ((answers - clientErrors) / this.#requests) * 2);
      return { traffic: { ok: answers, errors: 0, clientErrors }, utilisation: { cpu } };
    };
    return this.backend.tick(Object.fromEntries(this.#names.map((name) => [name, sketchOf(name)])));
  }

  share(server: string): number {
    const total = this.#names.reduce((sum, name) => sum + this.backend.weight(name), 0);
    return this.backend.weight(server) / total;
  }
}

const all = (answers: number) => answers;
const nearlyAll = (answers: number) => 0.9 * answers;

for (const { title, build } of guarded.filter(({ build }) => build().dynamics?.concentrates !== true)) {
  for (const requests of [60, 150, 5_000]) {
    test(`${title}: one of five that answers 429 at once is cut and stays cut, at ${requests} requests a tick`, (t) => {
      const fleet = new Fleet(5, requests, build());
      for (let tick = 0; tick < 10; tick += 1) fleet.tick();
      for (let tick = 0; tick < 6; tick += 1) fleet.tick({ s1: all });
      const shares: number[] = [];
      for (let tick = 0; tick < 100; tick += 1) {
        const decisions = fleet.tick({ s1: all });
        shares.push(fleet.share('s1'));
        t.true(reasonCodes(decisions.get('s1')).includes('client-errors'));
      }
      // once a minute it is tried with a few requests
      t.true((mean(shares) ?? 1) < 0.01, `${mean(shares)}`);
      t.true((median(shares) ?? 1) < 0.005, `${median(shares)}`);
      for (let tick = 0; tick < 200; tick += 1) fleet.tick();
      t.true(fleet.share('s1') > 0.17, `${fleet.share('s1')} after it has recovered`);
    });
  }

  test(`${title}: one of five that sheds what is over half of its share is held where it sheds little, without swinging`, (t) => {
    const requests = 1_000;
    const most = 0.5 * 0.2 * requests;
    const fleet = new Fleet(5, requests, build());
    for (let tick = 0; tick < 10; tick += 1) fleet.tick();
    const shares: number[] = [];
    for (let tick = 0; tick < 300; tick += 1) {
      fleet.tick({ s1: (answers) => Math.max(0, answers - most) });
      shares.push(fleet.share('s1'));
    }
    const settled = shares.slice(60);
    const [least, largest] = [Math.min(...settled), Math.max(...settled)];
    t.true(largest < 0.16, `${largest}`);
    t.true(least > 0.05, `${least}`);
    t.true(largest / least < 1.25, `from ${least} to ${largest}`);
  });

  test(`${title}: a site with the same share of 4xx everywhere is decided as one without any`, (t) => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 2, maxLength: 8 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer(),
        (volumes, share, seed) => {
          const random = seededRandom(seed);
          const ticks = Array.from({ length: 30 }, (): Tick => {
            const observations = volumes.map((ok, index) => {
              const clientErrors = Array.from({ length: ok }, () => random()).filter((drawn) => drawn < share).length;
              return observed(`s${index}`, { traffic: { ok, errors: 0, clientErrors } });
            });
            return { observations, elapsedMs: 2_000 };
          });
          const without = ticks.map((tick) => ({
            ...tick,
            observations: tick.observations.map((each) => ({
              ...each,
              traffic: each.traffic === null ? null : { ...each.traffic, clientErrors: 0 },
            })),
          }));
          const [all, none] = [play(ticks, build()), play(without, build())];
          assert.deepEqual(
            all.map(({ decisions }) => decisions),
            none.map(({ decisions }) => decisions),
          );
        },
      ),
      { numRuns: 60, seed: 71, includeErrorInReport: true },
    );
    t.pass();
  });

  test(`${title}: where all begin to answer 4xx, none is cut`, (t) => {
    const fleet = new Fleet(5, 500, build());
    const each = { s1: nearlyAll, s2: nearlyAll, s3: nearlyAll, s4: nearlyAll, s5: nearlyAll };
    for (let tick = 0; tick < 20; tick += 1) {
      const decisions = fleet.tick(each);
      for (const decision of decisions.values()) t.false(reasonCodes(decision).includes('client-errors'));
    }
    t.true(Math.abs(fleet.share('s1') - 0.2) < 0.02);
  });
}

test('two of five that shed are both cut, though under leastconn they get most of the requests', (t) => {
  const sketches = (shed: number, work: number) => ({
    ...{ s1: refusing(shed), s2: refusing(shed) },
    ...{ s3: serving(work), s4: serving(work), s5: serving(work) },
  });
  const backend = new Backend({ s1: 100, s2: 100, s3: 100, s4: 100, s5: 100 }, { algorithm: 'leastconn' });
  const decisions = backend.ticks(3, sketches(400, 60));
  t.deepEqual(
    ['s1', 's2', 's3'].map((server) => decisions.get(server)?.weight),
    [0, 0, 256],
  );
  t.true(reasonCodes(decisions.get('s1')).includes('ejected'));
});

test('an idle server that answers 4xx at once is not learned as the most capable', (t) => {
  const backend = new Backend(
    { s1: 100, s2: 100, s3: 100 },
    { policy: policyNamed('capacity'), algorithm: 'roundrobin' },
  );
  backend.ticks(10, { s1: serving(100), s2: serving(100), s3: serving(100) });
  const decisions = backend.ticks(5, { s1: refusing(100), s2: serving(100), s3: serving(100) });
  const learned = (server: string) => decisions.get(server)?.reasons.find((reason) => reason.code === 'capacity');
  t.true((learned('s1')?.requestsPerSecond ?? Number.NaN) <= 1.1 * (learned('s2')?.requestsPerSecond ?? Number.NaN));
});

test('of a pair, the one that refuses all is cut; alone it is compared with none', (t) => {
  const pair = new Backend({ s1: 100, s2: 100 }, { algorithm: 'roundrobin' });
  pair.ticks(8, { s1: refusing(50), s2: serving(50) });
  t.true(pair.weight('s1') < 0.05 * pair.weight('s2'));
  const alone = pair.tick({ s1: refusing(50), s2: { exclusion: 'down' } });
  t.false(reasonCodes(alone.get('s1')).includes('client-errors'));
});

test('fewer than 20 answers say nothing, and are remembered until there are as many', (t) => {
  const backend = new Backend({ s1: 100, s2: 100, s3: 100 });
  const few = { s1: refusing(5), s2: serving(5), s3: serving(5) };
  t.false(reasonCodes(backend.ticks(3, few).get('s1')).includes('client-errors'));
  t.true(reasonCodes(backend.tick(few).get('s1')).includes('client-errors'));
});

test('a difference of less than 30 points, as between kinds of visitors, changes nothing', (t) => {
  const backend = new Backend({ s1: 100, s2: 100, s3: 100 });
  const some = (clientErrors: number) => ({ traffic: { ok: 1_000, errors: 0, clientErrors } });
  const decisions = backend.ticks(10, { s1: some(390), s2: some(100), s3: some(100) });
  t.false(reasonCodes(decisions.get('s1')).includes('client-errors'));
});

function refusing(answers: number): ServerSketch {
  return { traffic: { ok: answers, errors: 0, clientErrors: answers }, utilisation: { cpu: 0.02 } };
}

function serving(answers: number): ServerSketch {
  return { traffic: { ok: answers, errors: 0, clientErrors: 0 }, utilisation: { cpu: 0.4 } };
}
