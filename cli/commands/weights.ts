import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { stopOnSignal } from '../../shared/process/stop-signals.ts';
import { clearScreen } from '../../shared/terminal/screen.ts';
import { print, printJson } from '../exit.ts';
import { type AskOptions, addControllerOptions, addHaproxyOptions } from '../options.ts';
import { findShadowStatus } from '../shadow-status.ts';
import { exitCodeOf, type FoundStatus, findStatus } from '../status-source.ts';
import { renderShadow } from '../view/shadow-table.ts';
import { renderWeights } from '../view/weights-table.ts';

const examples = `
Columns: status in HAProxy; utilisation of CPU, RAM, bandwidth (BW), threads
(THR) and TCP queues (TCPQ); load LR and its distance DELTA from the backend's
mean; weight (WGT) and share of the traffic; main reason. A dash is unknown.
If no controller answers, it asks HAProxy and the agents itself, and says so.
If the controller cannot read HAProxy or is stuck, the first line says so, the
table has the time that it is of, and the exit code is 1.
--shadow compares with a policy that the controller computes but never writes.

Examples:
  haweight weights
  haweight weights --watch
  haweight weights --json | jq '.backends[].servers[] | [.server, .weight]'
  haweight weights --shadow equal
  haweight weights --socket /run/haproxy/admin.sock --backend web`;

type WeightsOptions = AskOptions & { readonly watch?: boolean; readonly json?: boolean; readonly shadow?: string };

export function weightsCommand(): Command {
  return addControllerOptions(addHaproxyOptions(new Command('weights')))
    .description('show the current weights, the measurements behind them, and the reasons')
    .option('-w, --watch', 'show them again after every tick, until Ctrl-C')
    .option('--shadow <policy>', 'compare with a policy that the controller computes in shadow')
    .option('--json', 'print the status as JSON, one document per line')
    .addHelpText('after', examples)
    .action(async (options: WeightsOptions) => {
      if (options.watch === true) await watch(options);
      else {
        const found = await find(options);
        show(found, options);
        process.exitCode = exitCodeOf(found);
      }
    });
}

async function find(options: WeightsOptions): Promise<FoundStatus> {
  return options.shadow === undefined ? await findStatus(options) : await findShadowStatus(options, options.shadow);
}

function show({ status, direct, answeredAt }: FoundStatus, { json, shadow, backend = [] }: WeightsOptions): void {
  if (json === true) printJson({ ...status, direct });
  else if (shadow !== undefined) print(renderShadow(status, shadow, backend, answeredAt));
  else print(renderWeights(status, backend, answeredAt));
}

async function watch(options: WeightsOptions): Promise<void> {
  using stop = stopOnSignal(process.stdout);
  const { signal } = stop;
  while (!signal.aborted) {
    const found = await find(options);
    if (options.json !== true) clearScreen(process.stdout);
    show(found, options);
    await delay(found.status.periodMs, undefined, { signal }).catch(() => undefined);
  }
}
