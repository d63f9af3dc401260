import test from 'ava';
import fc from 'fast-check';
import { type TargetName, targets } from '../../../lab/fuzz/targets/registry.ts';

/** Fixed: npm run fuzz looks for new cases. */
const seed = 4;

/** Cases of each target, and outcomes that some of them must have: they show that cases get past the first check. */
const plans: Partial<Record<TargetName, { readonly cases: number; readonly reached: readonly string[] }>> = {
  snapshot: {
    cases: 600,
    reached: ['accepted', 'agent-not-json', 'agent-invalid metrics.cpu', 'agent-schema-version'],
  },
  'agent-client': { cases: 60, reached: ['accepted', 'agent-unreachable HPE_INVALID_CONSTANT'] },
  peer: { cases: 300, reached: ['accepted, with rates', 'peer-invalid', 'implausible'] },
  replies: {
    cases: 800,
    reached: ['states: read', 'stats: read', 'info: read', 'level: read', 'refusal: backend-missing'],
  },
  'runtime-api': { cases: 60, reached: ['haproxy-reply'] },
  configuration: {
    cases: 40,
    reached: ['accepted', 'config-unreadable is not valid YAML', 'config-invalid unknown key'],
  },
  experiment: { cases: 100, reached: ['accepted', 'config-unreadable is not valid YAML'] },
  recording: { cases: 150, reached: ['ticks', 'ticks, damaged lines'] },
  jtl: { cases: 200, reached: ['requests', 'requests, damaged lines', 'jtl-invalid'] },
  kernel: {
    cases: 500,
    reached: ['stat: read', 'pid/stat: unknown', 'socket dump: read', 'cgroup and mountinfo: read'],
  },
  agent: { cases: 60, reached: ['4 of 5 metrics known at times'] },
  status: { cases: 60, reached: ['shown'] },
  'http-server': {
    cases: 120,
    reached: [
      'token: 200',
      'token: 400 and 401',
      'open: 413',
      'token over TLS: 200 and 401',
      'client certificate: 200',
    ],
  },
};

for (const [name, plan] of Object.entries(plans)) {
  test.serial(`${name}: every case ends with a valid value or a typed error`, async (t) => {
    const target = await targets[name as TargetName].load();
    await using open = await target.open();
    const outcomes = new Set<string>();
    const property = fc.asyncProperty(target.cases, async (input) => {
      // whether the last requests of a pipeline come too fast for the rate limit depends on the machine
      outcomes.add((await open.check(input)).replace(' and 429', ''));
    });
    await fc.assert(property, { seed, numRuns: plan.cases, unbiased: true });
    for (const outcome of plan.reached) t.true(outcomes.has(outcome), `${outcome} is not among ${[...outcomes]}`);
  });
}
