import fc from 'fast-check';
import type { Utilisations } from '../../../shared/contract/observation.ts';
import { type Refutation, refutations } from '../../../shared/contract/server-limit.ts';
import { observed, type ServerSketch } from './build.ts';
import type { Tick } from './play.ts';

const maybe = (value: fc.Arbitrary<number>) => fc.option(value, { nil: null, freq: 6 });
export const ratio = fc.double({ min: 0, max: 1, noNaN: true });

const utilisationOf = (value: fc.Arbitrary<number | null>): fc.Arbitrary<Utilisations> =>
  fc.record({ cpu: value, ram: value, bandwidth: value, threads: value, tcpQueues: value });

export const utilisation = utilisationOf(maybe(ratio));

const exclusion = fc.option(
  fc.constantFrom('down', 'maintenance', 'drain', 'backup', 'configured-zero', 'agent-check'),
  { nil: null, freq: 3 },
);
const count = fc.nat({ max: 5_000 });

/** A server on an ordinary day: anything may be unknown, silent or out of rotation, but no value is out of the way. */
export const sketch: fc.Arbitrary<ServerSketch> = fc.record({
  utilisation,
  cores: fc.constantFrom(0.1, 0.5, 1, 2, 4, 64),
  stale: fc.boolean(),
  traffic: fc.option(fc.record({ ok: count, errors: count, clientErrors: fc.constant(0) }), { nil: null }),
  exclusion,
});

const edge = (largest: number, ordinary: fc.Arbitrary<number>) =>
  fc.oneof({ arbitrary: ordinary, weight: 3 }, fc.constantFrom(0, 1, largest - 1, largest));
const anyCount = edge(Number.MAX_SAFE_INTEGER, count);
const anyRatio = fc.oneof(
  { arbitrary: ratio, weight: 3 },
  fc.constantFrom(0, Number.MIN_VALUE, 0.5, 0.7, 0.8, 1 - 2 ** -53, 1),
);

/** Whatever the schemas let through, with a liking for the ends of every range, for thresholds, and so for ties. */
export const extremeSketch: fc.Arbitrary<ServerSketch> = fc.record({
  utilisation: utilisationOf(maybe(anyRatio)),
  cores: fc.oneof(fc.constantFrom(1e-3, 0.5, 1, 2, 64, 65_536), fc.double({ min: 1e-3, max: 65_536, noNaN: true })),
  stale: fc.oneof({ arbitrary: fc.constant(false), weight: 3 }, fc.boolean()),
  traffic: fc.option(fc.record({ ok: anyCount, errors: anyCount, clientErrors: fc.constant(0) }), { nil: null }),
  inFlight: anyCount,
  upForMs: fc.option(fc.constantFrom(0, 1, 2_000, 3_600_000, Number.MAX_SAFE_INTEGER), { nil: null }),
  configuredWeight: fc.constantFrom(1, 2, 100, 256),
  exclusion,
});

const someLimit = fc.option(fc.constantFrom(1, 2, 3, 50, 999, 1_000, 10_000, 2_147_483_647), { nil: null });

/** What is known of a server's limit. */
export const limitReading = fc.record({
  now: someLimit,
  configured: someLimit,
  fullconn: someLimit,
  otherWriter: fc.boolean(),
  fullPart: ratio,
  suspended: fc.boolean(),
  refuted: fc.option(fc.constantFrom(...(Object.keys(refutations) as Refutation[])), { nil: null }),
});

/** Weights that HAProxy has to begin with, one a server. */
const weights = fc.array(fc.nat({ max: 256 }), { minLength: 1, maxLength: 8 });

const rows = (each: fc.Arbitrary<ServerSketch>, minLength: number) =>
  fc.array(fc.array(each, { minLength: 8, maxLength: 8 }), { minLength, maxLength: 12 });

/** Names that the Runtime API takes; some are names that every JavaScript object has. */
const names = ['web1', '__proto__', 'constructor', 'a.b:1', 'toString', 'hasOwnProperty', 'web-2', 'length'] as const;

export const algorithm = fc.constantFrom('roundrobin', 'leastconn', 'random', 'first', null);

/** Ticks of a backend of up to eight servers, each tick of its own length. */
export function ticksOf(each: fc.Arbitrary<ServerSketch>, minLength = 1): fc.Arbitrary<readonly Tick[]> {
  const elapsedMs = fc.array(fc.oneof(fc.constant(2_000), fc.constantFrom(1, 1_000, 60_000, 1e7)), {
    minLength: 12,
    maxLength: 12,
  });
  return fc.tuple(weights, rows(each, minLength), elapsedMs).map(([starts, sketches, lengths]) =>
    sketches.map((row, tick) => ({
      elapsedMs: lengths[tick] ?? 2_000,
      observations: toObservations(starts, row),
    })),
  );
}

/** What a server does for some ticks: nothing, little, its work, with a queue, at its limit, or nothing that ever ends. */
const states = fc.constantFrom<readonly [cpu: number, ok: number, inFlight: number]>(
  [0, 0, 0],
  [0.01, 2, 0],
  [0.4, 100, 1],
  [0.5, 100, 40],
  [1, 200, 12],
  [0.02, 0, 60],
);

/** Servers that stay as they are for some ticks, then all change at once: a crowd, a queue and a night, in any order. */
export const phases: fc.Arbitrary<readonly Tick[]> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.array(states, { minLength: 5, maxLength: 5 })), {
    minLength: 2,
    maxLength: 6,
  })
  .map((all) =>
    all.flatMap(([ticks, row]) => {
      const observations = row.map(([cpu, ok, inFlight], index) =>
        observed(`s${index}`, { utilisation: { cpu }, traffic: { ok, errors: 0, clientErrors: 0 }, inFlight }),
      );
      return Array.from({ length: ticks }, (): Tick => ({ elapsedMs: 2_000, observations }));
    }),
  );

function toObservations(starts: readonly number[], row: readonly ServerSketch[]) {
  return starts.map((currentWeight, index) => observed(names[index] ?? `s${index}`, { ...row[index], currentWeight }));
}
