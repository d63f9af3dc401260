import test from 'ava';
import fc from 'fast-check';
import { seededRandom } from '../../../../shared/math/random.ts';
import { Agenda } from '../../../../testbed/simulator/agenda.ts';
import { fleets } from '../../../../testbed/simulator/fleets.ts';
import { rivalNames } from '../../../../testbed/simulator/rivals/names.ts';
import { rivalSystem } from '../../../../testbed/simulator/rivals/systems.ts';
import { scenarios } from '../../../../testbed/simulator/scenarios.ts';
import { failuresOf, run } from '../build.ts';

const load = { cpu: 0.5, requestsPerSecond: 100, errorsPerSecond: 0 };
const server = { inService: 0, waiting: 0 };

for (const rival of rivalNames) {
  const contender = { kind: 'rival', rival } as const;

  test(`${rival} picks no server that is down, nor the one that was just tried if there is another`, (t) => {
    const states = fc.array(fc.record({ up: fc.boolean(), served: fc.nat(3) }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(states, fc.nat(4), fc.nat(), (each, avoided, seed) => {
        const agenda = new Agenda();
        const all = each.map((state, index) => ({ index, weight: 100, ...state }));
        const system = rivalSystem(contender, {
          servers: all.map(() => server),
          agents: all.map(() => ({ load })),
          agenda,
        });
        const dispatch = system?.(all, seededRandom(seed));
        const avoid = all[avoided] ?? null;
        for (let pick = 0; pick < 10; pick += 1) {
          const picked = dispatch?.pick(avoid) ?? null;
          const up = all.filter((target) => target.up);
          if (up.length === 0) t.is(picked, null);
          else
            t.true((up.length > 1 ? up.filter((target) => target !== avoid) : up).some((target) => target === picked));
        }
      }),
    );
  });

  test(`under ${rival} every request of two clients ends once, through a crash and an overload, and the same again`, async (t) => {
    const events = [{ kind: 'crash', server: 's4', fromSeconds: 3, untilSeconds: 8 }] as const;
    const loads = [{ fromSeconds: 10, untilSeconds: 13, load: 1.5 }];
    const experiment = { fleet: fleets.het, haproxys: 2, contender, scenario: { events: [...events], loads } };
    const result = await run(experiment);
    t.is(result.answered + failuresOf(result) + result.inFlight, result.requests);
    t.true(result.answered > 0.6 * result.requests);
    t.deepEqual(await run(experiment), result);
  });
}

test("errors lower a server's weight in gRPC's scheduler, so that it fails few requests; Robinhood sends it more", async (t) => {
  const failed = async (rival: 'grpc-wrr' | 'robinhood') => {
    const result = await run({
      fleet: fleets.hom,
      contender: { kind: 'rival', rival },
      ...scenarios.get('fails-fast')?.(fleets.hom),
    });
    return failuresOf(result) / result.requests;
  };
  t.true((await failed('grpc-wrr')) < 0.1);
  t.true((await failed('robinhood')) > 0.3);
});
