import { Command } from 'commander';
import { type ConfigFlags, holderOf, loadConfig, restore } from '../../controller/index.ts';
import { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { defaultSocket } from '../../shared/contract/endpoints.ts';
import { ProblemError } from '../../shared/contract/problem.ts';
import { note, print } from '../exit.ts';
import { backendOption } from '../options.ts';

const examples = `
Use this after a controller was killed; one that is stopped with SIGTERM does
this itself. Servers that haweight never touches (backup, agent-check,
configured weight 0) are left alone.

With --after-exit it does what the controller itself would have done: nothing
in a dry run, with onExit: keep, or where another controller works by now. For
ExecStopPost of a systemd unit.

Examples:
  haweight restore --backend web
  haweight restore --config /etc/haweight/controller.yaml
  haweight restore --after-exit --config /etc/haweight/controller.yaml`;

export function restoreCommand(): Command {
  return new Command('restore')
    .description("put HAProxy's configured weights back")
    .option('-c, --config <file>', 'YAML configuration file')
    .option('-s, --socket <address>', `HAProxy's stats socket (default: ${defaultSocket})`)
    .addOption(backendOption())
    .option('--after-exit', 'do no more than the controller would have done')
    .addHelpText('after', examples)
    .action(async ({ afterExit = false, ...flags }: ConfigFlags & { afterExit?: boolean }) => {
      const config = loadConfig(flags);
      if (afterExit && (config.dryRun || config.onExit === 'keep')) {
        print(`nothing to restore: ${config.dryRun ? 'dryRun' : 'onExit: keep'}`);
        return;
      }
      const { socket } = config.haproxy;
      const api = new RuntimeApi(config.haproxy);
      for (const { name } of config.backends) {
        const isHeld = (await holderOf({ kind: 'backend', socket, backend: name })) !== null;
        if (isHeld && afterExit) {
          print(`${name}: left to the controller that works on it`);
          continue;
        }
        if (isHeld) {
          note(`note: a controller runs for ${name} and will set its weights again on its next tick`);
        }
        const restored = await restore(api, name);
        if (!restored.ok) throw new ProblemError(restored.error);
        print(
          `${name}: ${restored.value === 0 ? 'already at the configured weights' : `${restored.value} weights restored`}`,
        );
      }
    });
}
