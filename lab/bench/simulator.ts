import { parseArgs } from 'node:util';
import { experimentSchema } from '../../testbed/simulator/schema.ts';
import { simulate } from '../../testbed/simulator/simulate.ts';

const usage = `npm run bench:simulator [-- --runs 5]

What a simulation costs: 60 simulated seconds of 500 requests/s on 5 servers with the real controller (inverse-load).
CPU is what the kernel counted for this process, all threads, during the run; the first run also compiles the code.
Budget: 2 s of one core.
`;

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, help: { type: 'boolean', default: false } },
});

/** 13 cores: 500 requests of 18 ms are 69 %. */
const fleet = [1, 2, 2, 4, 4].map((cores, index) => ({ name: `s${index + 1}`, cores }));

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  process.stdout.write(`${usage.split('\n\n')[1]?.trimEnd()}\n\nbalance     run  CPU ms  requests  mean ms\n`);
  for (const balance of ['roundrobin', 'leastconn', 'random'] as const) {
    for (let run = 1; run <= Number(values.runs); run += 1) {
      const experiment = experimentSchema.parse({
        ...{ fleet, balance, demandMs: 18, rate: 500, seconds: 60, warmupSeconds: 0, seed: run },
        contender: { kind: 'policy', policy: 'inverse-load' },
      });
      const before = process.cpuUsage();
      const { requests, meanMs } = await simulate(experiment);
      const { user, system } = process.cpuUsage(before);
      const cells = [(user + system) / 1_000, requests, meanMs ?? Number.NaN].map((cell) =>
        cell.toFixed(0).padStart(9),
      );
      process.stdout.write(`${balance.padEnd(12)}${String(run).padStart(3)}${cells.join('')}\n`);
    }
  }
}

await main();
