import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JtlFile } from '../../../cli/jtl/read-jtl.ts';
import { JtlSummary, type Summary, type SummaryOptions } from '../../../cli/jtl/summary.ts';
import { type LeftOut, Tally } from '../../../cli/jtl/tally.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** What `haweight jtl` finds in a file. */
export interface Found {
  readonly summary: Summary;
  readonly leftOut: LeftOut;
  /** Per group: requests and failed ones. */
  readonly groups: Readonly<Record<string, readonly [requests: number, failed: number]>>;
  readonly damages: readonly string[];
  readonly assumptions: readonly string[];
  readonly nuls: number;
}

export interface Wanted extends Partial<SummaryOptions> {
  readonly withTransactions?: boolean;
}

const usual: SummaryOptions = { by: 'label', withinMs: 1_000, warmupMs: 0, fromDue: false };

export const fieldFile = (name: string) => join(import.meta.dirname, 'files', name);

/** Throws a ProblemError as the command does. */
export async function readFieldFile(
  path: string,
  { withTransactions = false, ...options }: Wanted = {},
): Promise<Found> {
  const file = await JtlFile.open(path);
  const result = new JtlSummary({ ...usual, ...options });
  const damages: string[] = [];
  const tally = new Tally(result, { withTransactions, onDamage: ({ what }) => damages.push(what) });
  for await (const piece of file.pieces()) for (const read of piece) tally.add(read);
  tally.end();
  const { summary } = result;
  const { leftOut } = tally;
  return {
    ...{ summary, leftOut, damages, nuls: file.nuls },
    groups: Object.fromEntries(summary.groups.map(({ name, requests, failed }) => [name, [requests, failed]])),
    assumptions: leftOut.assumptions.map(({ what }) => what),
  };
}

export async function readContent(content: string | Buffer, wanted: Wanted = {}): Promise<Found> {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'run.jtl');
  await writeFile(path, content);
  return await readFieldFile(path, wanted);
}
