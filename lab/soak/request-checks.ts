import { count } from '../../shared/terminal/format.ts';
import { type Check, check } from '../support/check.ts';
import { describe, explain } from './explain.ts';
import type { Soak } from './result.ts';

/** Roughly the requests in flight to one server, and those sent before HAProxy knows that its connections are dead. */
const maxPerKill = 20;

/** What clients, scrapers and operators saw. */
export function requestChecks({ samples, troubles, done, scrapes, notCaused }: Soak): readonly Check[] {
  const explained = troubles.map((trouble) => ({ ...trouble, why: explain(trouble, done) }));
  const wrong = explained.filter(({ why }) => why === 'unexplained').map(({ outcome }) => describe(outcome));
  const killed = explained.filter(({ why, retried }) => why === 'server killed' && !retried).length;
  const retried = explained.filter((each) => each.retried).length;
  const requests = samples.reduce((sum, sample) => sum + sample.requests, 0);
  const times = (fault: string) => done.filter((each) => each.fault === fault).length;
  const first = wrong.length === 0 ? '' : `, the first: ${wrong[0]}`;
  const kills = times('server killed');
  return [
    check(
      'requests that failed without a reason',
      wrong.length === 0,
      `${wrong.length} of ${count(requests)}${first}`,
      '0',
    ),
    check(
      'requests that were with a server as it was killed',
      killed <= kills * maxPerKill,
      `${killed} in ${kills} kills`,
      `at most ${maxPerKill} a kill`,
    ),
    check(
      'idle connections that were closed as a request came, which was then sent again',
      true,
      `${retried} in ${times('reload')} reloads and ${kills} kills`,
      'none: told, not judged',
    ),
    check('faults that could not be caused', notCaused.length === 0, notCaused.join('; ') || '0', '0'),
    check(
      'scrapes of `/metrics` and `/v1/status` that failed',
      scrapes.failed === 0 && scrapes.count > 0,
      `${scrapes.failed} of ${count(scrapes.count)}`,
      '0',
    ),
  ];
}
