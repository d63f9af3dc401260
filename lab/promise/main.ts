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
a real controller writes every second under a steady load. In both, stretches
with changes and without alternate, to compare latencies.
Exit codes: 0 passed, 1 a request failed or too few changes took effect,
2 invalid options.

Examples:
  npm run promise                           a million requests, some minutes
  npm run promise -- --requests 50000 --seconds 10
                                            a short form
  npm run -s promise -- --json              every figure as JSON`;

const flags = exitOnUsage(new Command('promise'))
  .description('measure that no request fails because a weight changed')
  .option(
    '--requests <count>',
    'least requests while weights change, 1,000 to 1,000,000,000',
    numberWithin(1_000, 1e9, { whole: true }),
    1_000_000,
  )
  .option(
    '--changes <count>',
    'least changes of weights that must take effect, from 1',
    numberWithin(1, 1e9, { whole: true }),
    1_000,
  )
  .option('--seconds <seconds>', 'length of the part with the controller, 5 to 3,600', numberWithin(5, 3_600), 40)
  .option('--json', 'print every figure as JSON', false)
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
