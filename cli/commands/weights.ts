import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { stopOnSignal } from '../../shared/process/stop-signals.ts';
import { clearScreen } from '../../shared/terminal/screen.ts';
import { print } from '../exit.ts';
import { type AskOptions, addControllerOptions, addHaproxyOptions } from '../options.ts';
import { findShadowStatus } from '../shadow-status.ts';
import { type FoundStatus, findStatus } from '../status-source.ts';
import { renderShadow } from '../view/shadow-table.ts';
import { renderWeights } from '../view/weights-table.ts';

const examples = `
Columns: HAProxy's status; utilisation of CPU, RAM, bandwidth (BW), threads
(THR) and TCP queues (TCPQ); load LR and its distance DELTA from the backend's
mean; weight (WGT) and share of the traffic; the main reason. A dash is unknown.
Without a controller it asks HAProxy and the agents itself, and says so.
--shadow compares with a policy that the controller computes and never writes.

Examples:
  haweight weights
  haweight weights --watch
  haweight weights --json | jq '.backends[].servers[] | [.server, .weight]'
  haweight weights --shadow equal
  haweight weights --socket /run/haproxy/admin.sock --backend web`;

type WeightsOptions = AskOptions & { readonly watch?: boolean; readonly json?: boolean; readonly shadow?: string };

export function weightsCommand(): Command {
  return addControllerOptions(addHaproxyOptions(new Command('weights')))
    .description('the current weights, what they come from, and why')
    .option('-w, --watch', 'again after every tick, until Ctrl-C')
    .option('--shadow <policy>', 'beside them those of a policy that the controller computes in shadow')
    .option('--json', 'the status as JSON, a document a line')
    .addHelpText('after', examples)
    .action(async (options: WeightsOptions) => {
      if (options.watch === true) await watch(options);
      else show(await find(options), options);
    });
}

async function find(options: WeightsOptions): Promise<FoundStatus> {
  if (options.shadow === undefined) return await findStatus(options);
  return { status: await findShadowStatus(options, options.shadow), direct: false };
}

function show({ status, direct }: FoundStatus, { json, shadow, backend = [] }: WeightsOptions): void {
  if (json === true) print(JSON.stringify({ ...status, direct }));
  else if (shadow !== undefined) print(renderShadow(status, shadow, backend));
  else print(renderWeights(status, backend));
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
