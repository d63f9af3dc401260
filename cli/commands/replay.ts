import { Command } from 'commander';
import {
  BackendReplay,
  decisionSettings,
  loadConfig,
  type ReplayOptions,
  readRecordings,
} from '../../controller/index.ts';
import { type PolicyName, policyNames } from '../../shared/contract/policy-names.ts';
import { exitCodes, ProblemError } from '../../shared/contract/problem.ts';
import { backendNotRecorded } from '../../shared/contract/problems/backend.ts';
import { recordingDamaged, recordingUseless } from '../../shared/contract/problems/recording.ts';
import { didYouMean, invalidFlag } from '../../shared/contract/problems/settings.ts';
import { nearest } from '../../shared/nearest.ts';
import { print, printJson } from '../exit.ts';
import { backendOption } from '../options.ts';
import { currentPolicy } from '../policy-name.ts';
import { DamageNotes } from '../view/damage-notes.ts';
import { renderReplaySummary, renderReplayTick, replayNote } from '../view/replay.ts';
import { VersionNotes } from '../view/version-notes.ts';

const examples = `
Decides recorded ticks again, one after the other, with another policy or other
settings, and compares the decisions. With the recorded policy and settings it
must make the same decisions, and says whether it does.
${replayNote}
A damaged line is reported and left out; then the exit code is 1.

Examples:
  haweight controller -b web --record ticks.jsonl          record first
  haweight replay ticks.jsonl                              the same policy again
  haweight replay ticks.jsonl --policy equal
  haweight replay ticks.jsonl.* ticks.jsonl --policy equal --ticks
  haweight replay ticks.jsonl --policy inverse-load --config other.yaml
  haweight replay ticks.jsonl --policy equal --json | jq .summary`;

interface ReplayFlags {
  readonly policy?: string;
  readonly backend?: readonly string[];
  readonly config?: string;
  readonly ticks?: boolean;
  readonly json?: boolean;
}

export function replayCommand(): Command {
  return new Command('replay')
    .argument('<file...>', 'recordings, in any order')
    .description('show what another policy would have decided on recorded ticks')
    .option('--policy <name>', `policy to decide with: ${policyNames.join(', ')} (default: the recorded one)`)
    .addOption(backendOption())
    .option(
      '-c, --config <file>',
      'take factors, thresholds and other settings from this YAML file (default: as recorded)',
    )
    .option('--ticks', 'show every tick with the recorded and the replayed weights')
    .option('--json', 'print JSON, one document per line')
    .addHelpText('after', examples)
    .action(async (files: readonly string[], flags: ReplayFlags) => {
      process.exitCode = await replay(files, flags);
    });
}

async function replay(files: readonly string[], flags: ReplayFlags): Promise<number> {
  const options = replayOptions(flags);
  const backends = new Map<string, BackendReplay>();
  const recorded = new Set<string>();
  const damages = new DamageNotes();
  const versions = new VersionNotes();
  for await (const read of readRecordings(files)) {
    if (!read.ok) {
      damages.add(read.error);
      continue;
    }
    const { record, where } = read.value;
    versions.note(record.haweightRecording, where);
    recorded.add(record.backend);
    if (flags.backend !== undefined && !flags.backend.includes(record.backend)) continue;
    const backend = backends.get(record.backend) ?? new BackendReplay(record.backend, options);
    backends.set(record.backend, backend);
    const compared = backend.tick(record);
    if (!compared.ok) damages.add(recordingDamaged(where, compared.error));
    else if (flags.ticks === true) {
      if (flags.json === true) printJson({ tick: compared.value });
      else print(renderReplayTick(compared.value));
    }
  }
  damages.end();
  if (recorded.size === 0) throw new ProblemError(recordingUseless(files));
  const missing = flags.backend?.find((name) => !recorded.has(name));
  if (missing !== undefined) throw new ProblemError(backendNotRecorded(missing, [...recorded]));
  const summaries = [...backends.values()].map(({ summary }) => summary);
  if (flags.json === true) printJson({ summary: summaries, damagedLines: damages.count });
  else print(`${summaries.map(renderReplaySummary).join('\n\n')}\n\n${replayNote}`);
  const isWhole = damages.count === 0 && summaries.every(({ failedTicks }) => failedTicks === 0);
  return isWhole ? exitCodes.fine : exitCodes.checkFailed;
}

function replayOptions({ policy: asked, config, backend }: ReplayFlags): ReplayOptions {
  const policy = asked === undefined ? null : policyOf(asked);
  if (config === undefined) return { policy, settings: null };
  const flags = backend === undefined ? { config } : { config, backend };
  return { policy, settings: decisionSettings(loadConfig(flags)) };
}

function policyOf(asked: string): PolicyName {
  const name = currentPolicy(asked);
  const policy = policyNames.find((each) => each === name);
  if (policy !== undefined) return policy;
  const meant = nearest(name, policyNames);
  const details = meant === null ? {} : { fix: didYouMean(meant) };
  throw new ProblemError(invalidFlag('--policy', `one of ${policyNames.join(', ')}`, asked, details));
}
