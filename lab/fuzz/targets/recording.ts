import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderReplaySummary, renderReplayTick } from '../../../cli/view/replay.ts';
import { readRecordings } from '../../../controller/record/read-recordings.ts';
import { tickRecordSchema } from '../../../controller/record/recording.ts';
import { BackendReplay } from '../../../controller/record/replay.ts';
import { type PolicyName, policyNames } from '../../../shared/contract/policy-names.ts';
import { recordings } from '../corpus.ts';
import { temporaryFolder } from '../folder.ts';
import { casesFrom, withHead } from '../input/cases.ts';
import { chosen, splitInput, type Target } from '../target.ts';
import { checkProblem, demand } from '../violation.ts';

const corpus = { inputs: recordings, maxBytes: 512 * 1024, json: 'lines' } as const;
const policies = policyNames as readonly [PolicyName, ...PolicyName[]];

export const recordingTarget: Target = {
  cases: withHead(1, casesFrom(corpus)),
  open: () => {
    const folder = temporaryFolder();
    const file = join(folder.path, 'ticks.jsonl');
    /** First byte: the policy that replays. The rest is the file. */
    const check = async (input: Buffer): Promise<string> => {
      const [[which = 0], bytes] = splitInput(input, 1);
      writeFileSync(file, bytes);
      return await readAndReplay(file, bytes, chosen(which, policies));
    };
    return { check, [Symbol.asyncDispose]: async () => folder[Symbol.dispose]() };
  },
};

async function readAndReplay(file: string, bytes: Buffer, policy: PolicyName): Promise<string> {
  const replays = new Map<string, BackendReplay>();
  const counts = { good: 0, bad: 0, unused: 0 };
  for await (const read of readRecordings([file])) {
    if (!read.ok) {
      checkProblem(read.error);
      counts.bad += 1;
      continue;
    }
    counts.good += 1;
    const { record } = read.value;
    demand(tickRecordSchema.safeParse(record).success, 'an accepted tick does not fit its own schema');
    const replay = replays.get(record.backend) ?? new BackendReplay(record.backend, { policy, settings: null });
    replays.set(record.backend, replay);
    const compared = replay.tick(record);
    if (!compared.ok) counts.unused += 1;
    else checkText(renderReplayTick(compared.value));
  }
  const lines = bytes
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '').length;
  demand(counts.good + counts.bad === lines, () => `${lines} lines, but ${counts.good + counts.bad} were spoken of`);
  for (const { summary } of replays.values()) {
    checkText(renderReplaySummary(summary));
    demand(summary.failedTicks === 0, () => `the policy failed: ${summary.failure}`);
    const shares = [summary.meanShareDifference, ...Object.values(summary.largestDifference?.share ?? {})];
    demand(
      shares.every((share) => share === null || (share >= 0 && share <= 1)),
      () => `a share of ${shares.join(', ')}`,
    );
  }
  const [good, bad] = [counts.good > 0 ? 'ticks' : 'no tick', counts.bad > 0 ? ', damaged lines' : ''];
  return `${good}${bad}${counts.unused > 0 ? ', out of order' : ''}`;
}

/** What goes to a terminal holds nothing that it would obey. */
export function checkText(text: string): void {
  demand(!/[^\P{Cc}\n]/u.test(text), 'control characters reach the terminal');
}
