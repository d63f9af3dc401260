import { describe } from '../../view/reasons.ts';
import type { BackendFacts } from '../facts.ts';
import { type Finding, warning } from '../finding.ts';

/** What the running controller's last decisions say that a person should know. */
const notable: ReadonlySet<string> = new Set(['contested', 'set-aside', 'not-cut', 'drain-refused', 'client-errors']);

export function checkDecisions({ shown }: Pick<BackendFacts, 'shown'>): Finding[] {
  if (shown === null) return [];
  const { backend, problem, servers } = shown.status;
  // most begin with the name of the backend
  const whole = problem === null ? [] : [warning(`backend ${backend}`, problem.replace(`backend ${backend}: `, ''))];
  const reasons = servers.flatMap(({ server, reasons }) => {
    return reasons
      .filter(({ code }) => notable.has(code))
      .map((reason) => warning(`server ${server}`, describe(reason)));
  });
  return [...whole, ...reasons];
}
