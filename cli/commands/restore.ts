import { Command } from 'commander';
import {
  type ConfigFlags,
  controllersOf,
  type GivenBack,
  lastLimits,
  lastSettingsFile,
  lastWeights,
  loadConfig,
  restore,
  restoreLimits,
} from '../../controller/index.ts';
import { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { defaultSocket } from '../../shared/contract/endpoints.ts';
import { formatProblem, type Problem, ProblemError } from '../../shared/contract/problem.ts';
import { restoreBesideController } from '../../shared/contract/problems/controller.ts';
import { note, print } from '../exit.ts';
import { backendOption } from '../options.ts';

const examples = `
For use after a controller was killed. A controller that is stopped (SIGTERM)
restores the weights itself; while one runs, restore refuses. It cannot know
who set a weight: every server gets its configured weight, and each change is
printed so that it can be undone. Servers that haweight never changes (backup,
agent-check, kept out by weight 0) are left alone. Limits (maxconn) are restored
where the controller could note the configured ones (RUNTIME_DIRECTORY);
elsewhere a reload of HAProxy brings them back.

With --after-exit it restores only what the controller would have restored:
weights that it wrote and that are still in force, and nothing after a dry run,
with onExit: keep, or if another controller now runs for the backend. This is
for ExecStopPost of a systemd unit: there the controller leaves its settings
and weights in the unit's RuntimeDirectory=. Elsewhere it restores all weights.

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
      // with nbproc, any of several processes would take the weights
      const info = await api.info();
      if (!info.ok) throw new ProblemError(info.error);
      const holders = await controllersOf(config, info.value);
      const [[first, holder] = []] = holders;
      if (first !== undefined && holder !== undefined && !afterExit && !force) {
        throw new ProblemError(restoreBesideController(first, holder === 'unknown' ? null : holder));
      }
      const problems: Problem[] = [];
      for (const { name } of config.backends) {
        if (holders.has(name) && afterExit) {
          print(`${name}: left to the controller that runs for it`);
          continue;
        }
        if (holders.has(name)) {
          note(`note: a controller runs for ${name} and will set its weights again on its next tick`);
        }
        const restored = await restore(
          api,
          name,
          afterExit ? lastWeights({ socket: config.haproxy.socket, backend: name }) : null,
        );
        if (!restored.ok) {
          problems.push(restored.error);
          continue;
        }
        const { givenBack, leftAlone } = restored.value;
        print(`${name}: ${summaryOf(givenBack.length, leftAlone.length)}`);
        for (const change of givenBack) print(lineOf(change));
        const limits = await restoreLimits(
          api,
          name,
          lastLimits({ socket: config.haproxy.socket, backend: name }) ?? new Map(),
        );
        if (!limits.ok) problems.push(limits.error);
        else for (const { server, limit } of limits.value) print(`  ${server}: maxconn ${limit ?? 0}`);
      }
      // one backend's trouble is not the others'
      const [problem, ...more] = problems;
      for (const each of more) note(formatProblem(each));
      if (problem !== undefined) throw new ProblemError(problem);
    });
}

function summaryOf(restored: number, leftAlone: number): string {
  if (restored > 0) return `${weights(restored)} restored`;
  return leftAlone > 0 ? `${weights(leftAlone)} of another writer left alone` : 'already at the configured weights';
}

function weights(count: number): string {
  return `${count} ${count === 1 ? 'weight' : 'weights'}`;
}

function lineOf({ server, from, weight, isAway }: GivenBack): string {
  return `  ${server}: ${from} -> ${weight}${isAway ? ' (in maintenance or drained)' : ''}`;
}
