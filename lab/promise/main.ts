import { Command } from 'commander';
import { runProgram } from '../../shared/process/run-program.ts';
import { Progress } from '../../shared/terminal/progress.ts';
import { formatChecks } from '../support/check.ts';
import { exitOnUsage, numberWithin } from '../support/flags.ts';
import { measureController } from './controller-phase.ts';
import { formatReport, type PromiseReport, reportOf } from './report.ts';
import { startServers } from './servers.ts';
import { measureWrites } from './writes-phase.ts';

interface Flags {
  readonly requests: number;
  readonly changes: number;
  readonly seconds: number;
  readonly json: boolean;
}

const serverCount = 8;

const help = `
A real HAProxy with ${serverCount} servers. First the code that the controller writes with
changes all weights 20 times a second, some to 0 and back, under roundrobin,
leastconn and random(2) in turn, while 32 clients send as fast as they can. Then
a real controller writes every second beside a steady load. In both, stretches
with changes and without alternate, to compare latencies.
Exit code 1 where a request failed or too few changes took effect.

Examples:
  npm run promise                           a million requests, some minutes
  npm run promise -- --requests 50000 --seconds 10
                                            a short form
  npm run -s promise -- --json              every figure`;

const flags = exitOnUsage(new Command('promise'))
  .description('measure that no request fails because a weight changed')
  .option('--requests <count>', 'requests while weights change', numberWithin(1_000, 1e9, { whole: true }), 1_000_000)
  .option('--changes <count>', 'changes that must take effect', numberWithin(1, 1e9, { whole: true }), 1_000)
  .option('--seconds <seconds>', 'of the part with the controller', numberWithin(5, 3_600), 40)
  .option('--json', 'every figure', false)
  .addHelpText('after', help)
  .parse()
  .opts<Flags>();

await runProgram('promise', async () => {
  const report = await measure(flags);
  process.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : textOf(report));
  return report.passed ? 0 : 1;
});

async function measure({ requests, changes, seconds }: Flags): Promise<PromiseReport> {
  using progress = new Progress(process.stderr, { inLog: true });
  const onProgress = (text: string) => progress.show(text);
  const startedMs = performance.now();
  await using servers = await startServers(serverCount);
  const writes = await measureWrites(servers, { requests, onProgress });
  const controller = await measureController(servers, { seconds, onProgress });
  const measured = { writes, controller, seconds: (performance.now() - startedMs) / 1_000 };
  return reportOf(measured, { requests, changes });
}

function textOf(report: PromiseReport): string {
  return `${formatReport(report)}\n\n${formatChecks(report.checks)}\n\n${report.passed ? 'passed' : 'FAILED'}\n`;
}
