import { type Problem, quote } from '../problem.ts';

/** Problems of a controller, as the one that asks it sees them. */

export function controllerUnreachable(url: string, got: string, hint: string | null): Problem {
  const fix = hint ?? 'Is it running? --controller URL names another address.';
  return { code: 'controller-unreachable', where: url, what: 'no controller answers', got, fix };
}

/** It accepts connections but does not answer: it hangs, or is stopped. */
export function controllerSilent(url: string, timeoutMs: number): Problem {
  return {
    code: 'controller-unreachable',
    where: url,
    what: 'the controller did not answer in time',
    expected: `an answer within ${timeoutMs} ms`,
    fix: 'Does it hang, is its machine overloaded, or does a firewall drop its packets? Look at its log.',
  };
}

/** Something else answers, or one of another version. */
export function notAController(url: string, got: string): Problem {
  return { code: 'controller-unreachable', where: url, what: 'no haweight controller answers there', got };
}

export function controllerHangs(url: string, expected: string, got: string): Problem {
  const fix = 'Look at its log.';
  return { code: 'controller-unreachable', where: url, what: 'it answers but does not tick', expected, got, fix };
}

export function controllerCertificate(url: string, fault: Omit<Problem, 'code' | 'where'>): Problem {
  return { code: 'controller-certificate', where: url, ...fault };
}

export function shadowMissing(where: string, why: string, policy: string): Problem {
  return {
    code: 'shadow-missing',
    where,
    what: `no shadow policy ${quote(policy)}: ${why}`,
    fix: `Start it with: haweight controller --shadow ${/^[a-z-]+$/.test(policy) ? policy : 'NAME'}`,
  };
}

export function shadowFailed(policy: string, cause: unknown): Problem {
  return {
    code: 'shadow-failed',
    where: `policy ${policy}`,
    what: 'the shadow policy failed at this tick and starts anew at the next; the policy in force is not affected',
    got: String(cause),
    fix: 'This is a defect of haweight: please report it.',
  };
}
