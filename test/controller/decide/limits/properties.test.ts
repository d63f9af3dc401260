import test from 'ava';
import fc from 'fast-check';
import { decideLimits } from '../../../../controller/decide/limits/limits.ts';
import { noLimitsYet } from '../../../../controller/decide/limits/state.ts';
import { extremeSketch, limitReading } from '../../support/arbitrary.ts';
import { observed } from '../../support/build.ts';
import { order } from './support.ts';

const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });
const amount = fc.oneof(fc.constantFrom(0, 1e-6, 0.5, 1, 1e6), fc.double({ min: 0, max: 1e9, noNaN: true }));
const fast = fc.record({
  breaker: fc.constantFrom('closed', 'open', 'probing'),
  errorShare: fc.constant(0),
  remainingMs: fc.constant(0),
  ramp: fc.constantFrom(0.01, 0.5, 1),
});
const ordered = fc.record({
  full: fc.constantFrom(0, 1, 100, 256),
  capacity: maybe(fc.constantFrom(1e-3, 1, 40, 1e6)),
});
const flow = maybe(
  fc.record({ started: fc.nat(), redispatches: fc.nat(), inFlightMean: maybe(amount), queued: fc.nat(1_000) }),
);
const server = fc.tuple(extremeSketch, maybe(limitReading), fast, ordered, flow);
const ticks = fc.array(
  fc.tuple(fc.array(server, { minLength: 3, maxLength: 3 }), fc.constantFrom(1, 200, 2_000, 1e7)),
  {
    minLength: 1,
    maxLength: 12,
  },
);

function play(rows: Parameters<typeof observedOf>[0][], reverse = false): readonly ReturnType<typeof decideLimits>[] {
  let state = noLimitsYet;
  return rows.map((row) => {
    const input = observedOf(row);
    const observations = reverse ? input.observations.toReversed() : input.observations;
    const outcome = decideLimits({ ...input, observations }, state);
    state = outcome.state;
    return outcome;
  });
}

type Row = typeof ticks extends fc.Arbitrary<(infer Each)[]> ? Each : never;

function observedOf([servers, elapsedMs]: Row) {
  const names = servers.map((_, index) => `s${index}`);
  return {
    mode: 'on' as const,
    elapsedMs,
    observations: servers.map(([sketch, own, state, , counted], index) =>
      observed(names[index] ?? '', { ...sketch, fast: state, flow: counted, ...(own === null ? {} : { limit: own }) }),
    ),
    orders: new Map(
      servers.map(([, , , { full, capacity }], index) => [
        names[index] ?? '',
        { ...order, full, undrained: Math.max(1, full), capacity },
      ]),
    ),
  };
}

test('a limit is a whole number of two or more, never above the configured one, whatever was observed', (t) => {
  fc.assert(
    fc.property(ticks, (rows) =>
      play(rows).every(({ limits }, index) => {
        const seen = rows[index] === undefined ? [] : observedOf(rows[index]).observations;
        return [...limits].every(([name, { limit: decided, write, reason }]) => {
          const own = seen.find((each) => each.server === name)?.limit;
          if (own === undefined) return false;
          if (decided === null) return own.configured === null || (own.otherWriter && own.now === null);
          const isWhole = Number.isSafeInteger(decided) && decided > 0;
          const isBelow =
            own.otherWriter || own.configured === null || decided <= own.configured || decided === own.now;
          return isWhole && isBelow && (reason.code === 'open' || decided >= 2) && !(own.otherWriter && write);
        });
      }),
    ),
    { numRuns: 500 },
  );
  t.pass();
});

test('the order of the servers does not matter', (t) => {
  fc.assert(
    fc.property(ticks, (rows) => {
      const [one, other] = [play(rows), play(rows, true)].map((outcomes) =>
        outcomes.map(({ limits }) => Object.fromEntries([...limits].sort(([a], [b]) => (a < b ? -1 : 1)))),
      );
      t.deepEqual(one, other);
    }),
    { numRuns: 200 },
  );
});

test('a proven limit means that every server that takes requests has one', (t) => {
  fc.assert(
    fc.property(ticks, (rows) =>
      play(rows).every(({ limits }, index) => {
        const row = rows[index];
        if (row === undefined || ![...limits.values()].some(({ reason }) => reason.code === 'proven')) return true;
        return observedOf(row).observations.every(({ server: name, currentWeight, takesRequests }) => {
          return currentWeight === 0 || !takesRequests || limits.get(name)?.reason.code === 'proven';
        });
      }),
    ),
    { numRuns: 500 },
  );
  t.pass();
});
