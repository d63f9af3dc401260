import type { Config } from '../../controller/index.ts';
import { controllerHangs } from '../../shared/contract/problems/controller.ts';
import { seconds } from '../../shared/terminal/format.ts';
import { askController } from '../ask-controller.ts';
import type { ControllerAccess } from '../options.ts';
import { type Finding, failure, fine, warning } from './finding.ts';

/** Whether a controller runs, ticks and manages these backends. No controller is only a warning. */
export async function checkController(url: string, access: ControllerAccess, config: Config): Promise<Finding[]> {
  const answer = await askController(url, access);
  if (!answer.ok) {
    const absent = answer.error.code === 'controller-unreachable';
    return [absent ? warning('controller', `none answers at ${url}`) : failure('controller', answer.error)];
  }
  const status = answer.value;
  const findings: Finding[] = [];
  const ageMs = status.lastTickAtMs === null ? null : Date.now() - status.lastTickAtMs;
  if (ageMs !== null && ageMs <= 3 * status.periodMs) {
    findings.push(fine('controller', `${status.policy}, ${status.ticks} ticks, the last one ${seconds(ageMs)} ago`));
  } else {
    const last = ageMs === null ? 'none yet' : `the last one ${seconds(ageMs)} ago`;
    findings.push(failure('controller', controllerHangs(url, `a tick every ${seconds(status.periodMs)}`, last)));
  }
  if (status.dryRun) findings.push(warning('controller', 'dry run: it writes nothing'));
  if (status.skippedTicks > 0)
    findings.push(warning('controller', `${status.skippedTicks} ticks skipped, because earlier ones took too long`));
  if (status.waitingFor !== null) findings.push(warning('controller', `waiting: ${status.waitingFor}`));
  const managed = new Set(status.backends.map(({ backend }) => backend));
  const missing = config.backends.filter(({ name }) => !managed.has(name)).map(({ name }) => name);
  if (missing.length > 0) findings.push(warning('controller', `does not manage ${missing.join(', ')}`));
  return findings;
}
