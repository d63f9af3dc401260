import type { Problem } from '../../../shared/contract/problem.ts';
import { controllerHangs } from '../../../shared/contract/problems/controller.ts';
import type { Result } from '../../../shared/contract/result.ts';
import { seconds } from '../../../shared/terminal/format.ts';
import type { Answered } from '../../ask-controller.ts';
import { isStuck, tickAgeMs } from '../../view/up-to-date.ts';
import { type Finding, failure, fine, listed, warning } from '../finding.ts';

/** Whether a controller runs, ticks and manages these backends. No controller is only a warning. */
export function checkController(
  url: string,
  answer: Result<Answered, Problem>,
  backends: readonly string[],
): Finding[] {
  if (!answer.ok) {
    const absent = answer.error.code === 'controller-unreachable' && answer.error.got === 'ECONNREFUSED';
    return [absent ? warning('controller', `none answers at ${url}`) : failure('controller', answer.error)];
  }
  const { status, answeredAt } = answer.value;
  const { policy, ticks, periodMs, lastTickAtMs, dryRun, skippedTicks, slowTicks, waitingFor } = status;
  const ago = `${seconds(Math.max(0, tickAgeMs(status, answeredAt)))} ago`;
  const last = lastTickAtMs === null ? `none since its start ${ago}` : `the last one ${ago}`;
  const managed = new Set(status.backends.map(({ backend }) => backend));
  const missing = backends.filter((name) => !managed.has(name));
  return [
    isStuck(status, answeredAt)
      ? failure('controller', controllerHangs(url, `a tick every ${seconds(periodMs)}`, last))
      : fine('controller', `${policy}, ${ticks} ticks, ${last}`),
    ...(dryRun ? [warning('controller', 'dry run: it writes nothing')] : []),
    ...(skippedTicks > 0
      ? [warning('controller', `${skippedTicks} ticks skipped, because earlier ones took too long`)]
      : []),
    ...(slowTicks === null ? [] : [warning('controller', slowTicks)]),
    ...(waitingFor === null ? [] : [warning('controller', `waiting: ${waitingFor}`)]),
    ...(missing.length > 0 ? [warning('controller', `does not manage ${listed(missing)}`)] : []),
  ];
}
