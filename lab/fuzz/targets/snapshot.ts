import { parseSnapshot } from '../../../controller/observe/parse-snapshot.ts';
import { snapshotSchema } from '../../../shared/contract/snapshot.ts';
import { snapshots } from '../corpus.ts';
import { casesFrom, withHead } from '../input/cases.ts';
import { chosen, splitInput, stateless, type Target } from '../target.ts';
import { checkProblem, demand } from '../violation.ts';

const corpus = { inputs: snapshots, maxBytes: 64 * 1024, json: 'whole' } as const;
const strangeStatuses = [204, 301, 401, 403, 404, 500, 999] as const;
/** First bytes under this mean 200. */
const fine = 230;

export const snapshotTarget: Target = {
  cases: withHead(1, casesFrom(corpus)),
  open: () => stateless(checkSnapshot),
};

/** First byte: the HTTP status. The rest is the body. */
function checkSnapshot(input: Buffer): string {
  const [[status = 0], rest] = splitInput(input, 1);
  const body = rest.toString('utf8');
  const answer = {
    status: status < fine ? 200 : chosen(status, strangeStatuses),
    contentType: 'application/json',
    body,
  };
  const parsed = parseSnapshot(answer, 'http://127.0.0.1:9477', 'web1');
  if (!parsed.ok) {
    checkProblem(parsed.error);
    return parsed.error.code === 'agent-invalid' ? `agent-invalid ${placeOf(parsed.error.got)}` : parsed.error.code;
  }
  demand(snapshotSchema.safeParse(parsed.value).success, 'an accepted snapshot does not fit its own schema');
  demand(parsed.value.server === undefined || parsed.value.server === 'web1', "another server's snapshot is accepted");
  return 'accepted';
}

/** The part of the snapshot that was refused: `metrics.cpu`. */
function placeOf(got = ''): string {
  return /^"(\w+(?:\.\w+)?)/.exec(got)?.[1] ?? '';
}
