import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { JtlFile } from '../../../cli/jtl/read-jtl.ts';
import { JtlSummary, type SummaryOptions } from '../../../cli/jtl/summary.ts';
import { Tally } from '../../../cli/jtl/tally.ts';
import { renderJtl } from '../../../cli/view/jtl.ts';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { resultFiles } from '../corpus.ts';
import { temporaryFolder } from '../folder.ts';
import { casesFrom, withHead } from '../input/cases.ts';
import { splitInput, type Target } from '../target.ts';
import { checkProblem, demand } from '../violation.ts';
import { checkText } from './recording.ts';

const corpus = { inputs: resultFiles, maxBytes: 512 * 1024 } as const;

export const jtlTarget: Target = {
  cases: withHead(1, casesFrom(corpus)),
  open: () => {
    const folder = temporaryFolder();
    const file = join(folder.path, 'run.jtl');
    /** First byte: the options. The rest is the file. */
    const check = async (input: Buffer): Promise<string> => {
      const [[which = 0], bytes] = splitInput(input, 1);
      writeFileSync(file, bytes);
      try {
        return await readAndShow(file, which);
      } catch (cause) {
        if (!(cause instanceof ProblemError)) throw cause;
        checkProblem(cause.problem);
        return cause.problem.code;
      }
    };
    return { check, [Symbol.asyncDispose]: async () => folder[Symbol.dispose]() };
  },
};

async function readAndShow(path: string, which: number): Promise<string> {
  const options: SummaryOptions = {
    by: (which & 1) === 0 ? 'label' : 'server',
    withinMs: 1_000,
    warmupMs: (which & 2) === 0 ? 0 : 1_000,
    fromDue: (which & 4) !== 0,
  };
  const withTransactions = (which & 8) !== 0;
  const file = await JtlFile.open(path);
  const result = new JtlSummary(options);
  const tally = new Tally(result, { withTransactions, onDamage: checkProblem });
  for await (const piece of file.pieces()) for (const read of piece) tally.add(read);
  tally.end();
  const { summary } = result;
  const { leftOut } = tally;
  for (const assumption of leftOut.assumptions) checkProblem(assumption);
  const { all, groups } = summary;
  const total = groups.reduce((sum, { requests }) => sum + requests, 0);
  demand(total === all.requests, () => `${total} requests in groups, ${all.requests} in all`);
  demand(all.failed >= leftOut.damagedFailures, 'a failure in a damaged line does not count');
  for (const { withinShare, failedShare, p50Ms, p99Ms, maxMs } of [all, ...groups]) {
    demand((withinShare ?? 0) + (failedShare ?? 0) <= 1 + 1e-9, 'more than all requests');
    demand((p50Ms ?? 0) <= (p99Ms ?? 0) && (p99Ms ?? 0) <= (maxMs ?? 0), 'percentiles are not in order');
  }
  checkText(renderJtl({ summary, leftOut, options, withTransactions, askedPerSecond: 50, readShare: 1 }));
  return all.requests === 0 ? 'no request' : `requests${leftOut.damagedLines > 0 ? ', damaged lines' : ''}`;
}
