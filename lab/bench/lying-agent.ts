import { parseArgs } from 'node:util';
import { spacedPercent } from '../../shared/terminal/format.ts';
import { type ExperimentInput, experimentSchema } from '../../testbed/simulator/schema.ts';
import { simulate } from '../../testbed/simulator/simulate.ts';

const usage = `npm run bench:lying-agent [-- --seed 1]

What the owner of one of four servers can gain with a lying agent: the share of the requests that its weight gives the
server while the others tell the truth, simulated with the real controller. Mean and extremes over the ticks of the last
120 s of 180; "failed" and p99 are of all requests at 50 % load. A quarter is what an honest agent gets.
`;

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, help: { type: 'boolean', default: false } },
});

const fleet = ['s1', 's2', 's3', 's4'].map((name) => ({ name, cores: 2 }));
const lies = {
  'the truth': null,
  'always idle': { utilisation: 0 },
  'always idle, 65,536 cores': { utilisation: 0, cores: 65_536 },
  'always full': { utilisation: 1 },
  'always full, 0.001 cores': { utilisation: 1, cores: 0.001 },
} as const;

async function sharesOf(
  policy: 'adaptive' | 'inverse-load' | 'capacity' | 'equal',
  lie: (typeof lies)[keyof typeof lies],
) {
  const events = lie === null ? [] : [{ kind: 'lying-agent' as const, server: 's1', fromSeconds: 0, ...lie }];
  const input: ExperimentInput = {
    ...{ fleet, demandMs: 20, load: 0.5, warmupSeconds: 20, seconds: 180, seed: Number(values.seed) },
    contender: { kind: 'policy', policy },
    scenario: { events },
  };
  const { samples, failed, requests, p99Ms } = await simulate(experimentSchema.parse(input));
  const shares = samples
    .filter(({ atSeconds }) => atSeconds >= 60)
    .map(({ weights }) => (weights[0] ?? Number.NaN) / weights.reduce((sum, weight) => sum + weight, 0));
  const failures = Object.values(failed).reduce((sum, count) => sum + count, 0);
  return {
    mean: shares.reduce((sum, share) => sum + share, 0) / shares.length,
    least: Math.min(...shares),
    most: Math.max(...shares),
    failed: failures / requests,
    p99Ms,
  };
}

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const percent = (share: number) => spacedPercent(share, 1).padStart(9);
  process.stdout.write(`${usage.split('\n\n')[1]?.trimEnd()}\n\n`);
  process.stdout.write(
    `${'policy'.padEnd(14)}${'the agent says'.padEnd(28)}     mean    least     most   failed    p99 ms\n`,
  );
  for (const policy of ['adaptive', 'inverse-load', 'capacity', 'equal'] as const) {
    for (const [what, lie] of Object.entries(lies)) {
      const { mean, least, most, failed, p99Ms } = await sharesOf(policy, lie);
      const cells = [mean, least, most, failed].map(percent).join('');
      process.stdout.write(
        `${policy.padEnd(14)}${what.padEnd(28)}${cells}${(p99Ms ?? Number.NaN).toFixed(0).padStart(10)}\n`,
      );
    }
  }
}

await main();
