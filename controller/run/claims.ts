import { ProblemError } from '../../shared/contract/problem.ts';
import type { Config } from '../config/schema.ts';
import { type Claim, claim } from './lock.ts';
import { defaultListen } from './status-server.ts';

/** What a controller takes for itself, and where it can be asked. */
type ClaimedConfig = Pick<Config, 'backends' | 'dryRun' | 'record' | 'listen'> & {
  readonly haproxy: Pick<Config['haproxy'], 'socket'>;
};

/**
 * Makes sure that no other controller on this machine sets the weights of these backends or writes this recording, for as long
 * as the result is held. A dry run sets no weights. Throws a ProblemError, and holds nothing, where another one does.
 */
export async function claimAll(config: ClaimedConfig): Promise<AsyncDisposable> {
  const held = new AsyncDisposableStack();
  const self = { pid: process.pid, listen: config.listen ?? defaultListen };
  for (const each of claimsOf(config)) {
    const claimed = await claim(each, self);
    if (claimed.ok) {
      held.use(claimed.value);
      continue;
    }
    await held.disposeAsync();
    throw new ProblemError(claimed.error);
  }
  return held;
}

function claimsOf({ backends, haproxy: { socket }, dryRun, record }: ClaimedConfig): readonly Claim[] {
  const weights = dryRun ? [] : backends.map(({ name }): Claim => ({ kind: 'backend', socket, backend: name }));
  return record === undefined ? weights : [...weights, { kind: 'recording', file: record.file }];
}
