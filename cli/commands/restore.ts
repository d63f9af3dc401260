import { Command } from 'commander';
import { type ConfigFlags, controllersOf, lastSettingsFile, loadConfig, restore } from '../../controller/index.ts';
import { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { defaultSocket } from '../../shared/contract/endpoints.ts';
import { ProblemError } from '../../shared/contract/problem.ts';
import { restoreBesideController } from '../../shared/contract/problems/controller.ts';
import { note, print } from '../exit.ts';
import { backendOption } from '../options.ts';

const examples = `
For use after a controller was killed. A controller that is stopped (SIGTERM)
restores the weights itself; while one runs, restore refuses. Servers that
haweight never changes (backup, agent-check, kept out by weight 0) are left
alone.

With --after-exit it restores only what the controller would have restored:
nothing after a dry run, with onExit: keep, or if another controller now runs
for the backend. This is for ExecStopPost of a systemd unit. There it uses the
settings that the controller ran with, even if the file is broken by now.

Examples:
  haweight restore --backend web
  haweight restore --config /etc/haweight/controller.yaml
  haweight restore --after-exit --config /etc/haweight/controller.yaml`;

type RestoreFlags = ConfigFlags & { readonly afterExit?: boolean; readonly force?: boolean };

export function restoreCommand(): Command {
  return new Command('restore')
    .description('set the weights of haproxy.cfg again')
    .option('-c, --config <file>', 'YAML configuration file (docs/configuration.md)')
    .option('-s, --socket <address>', `HAProxy's stats socket: a path or HOST:PORT (default: ${defaultSocket})`)
    .addOption(backendOption())
    .option('--after-exit', 'restore only what the stopped controller should have restored itself')
    .option('--force', 'restore even while a controller runs, which sets its weights again on its next tick')
    .addHelpText('after', examples)
    .action(async ({ afterExit = false, force = false, ...flags }: RestoreFlags) => {
      // the file may have been edited since the controller began, or broken
      const left = afterExit ? lastSettingsFile() : null;
      const config = loadConfig(left === null ? flags : { config: left });
      if (afterExit && (config.dryRun || config.onExit === 'keep')) {
        print(`nothing to restore: the configuration has ${config.dryRun ? 'dryRun: true' : 'onExit: keep'}`);
        return;
      }
      const api = new RuntimeApi(config.haproxy);
      const holders = await controllersOf(config, api);
      const [[first, holder] = []] = holders;
      if (first !== undefined && holder !== undefined && !afterExit && !force) {
        throw new ProblemError(restoreBesideController(first, holder === 'unknown' ? null : holder));
      }
      for (const { name } of config.backends) {
        if (holders.has(name) && afterExit) {
          print(`${name}: left to the controller that runs for it`);
          continue;
        }
        if (holders.has(name)) {
          note(`note: a controller runs for ${name} and will set its weights again on its next tick`);
        }
        const restored = await restore(api, name);
        if (!restored.ok) throw new ProblemError(restored.error);
        print(
          `${name}: ${restored.value === 0 ? 'already at the configured weights' : `${restored.value} ${restored.value === 1 ? 'weight' : 'weights'} restored`}`,
        );
      }
    });
}
