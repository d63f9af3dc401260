import { effectivePeriodMs } from '../effective-period.ts';
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

/** `tickMs`: how long the last tick took. */
export function ticksTooLong(tickMs: number, periodMs: number, limitMs: number): Problem {
  const inSeconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  return {
    code: 'tick-slow',
    where: `periodMs ${periodMs}`,
    what: `ticks take too long for it: weights are set every ${inSeconds(effectivePeriodMs(periodMs, tickMs))}`,
    expected: `ticks of at most ${inSeconds(limitMs)}`,
    got: inSeconds(tickMs),
    fix: 'Where agents hang, see to them; else give a longer --period-ms, or each controller fewer backends and servers.',
  };
}

export function controllerCertificate(url: string, fault: Omit<Problem, 'code' | 'where'>): Problem {
  return { code: 'controller-certificate', where: url, ...fault };
}

/** The process that has what another one wants; null where it does not say who it is. */
type Holder = { readonly pid: number; readonly listen: string } | null;

function holderText(holder: Holder): string {
  return holder === null ? 'a process that does not say who it is' : `pid ${holder.pid}, listening on ${holder.listen}`;
}

export function backendTaken(backend: string, socket: string, holder: Holder): Problem {
  return {
    code: 'controller-running',
    where: `backend ${backend} at ${socket}`,
    what: 'another controller sets its weights already',
    expected: 'one controller for a backend',
    got: holderText(holder),
    fix: 'Stop that one first (systemctl stop haweight-controller), or look only: --dry-run.',
  };
}

export function recordingTaken(file: string, holder: Holder): Problem {
  const fix = 'Give each controller a file of its own.';
  return {
    code: 'controller-running',
    where: file,
    what: 'another controller writes this recording',
    got: holderText(holder),
    fix,
  };
}

/** What is restored would last until its next tick. */
export function restoreBesideController(backend: string, holder: Holder): Problem {
  return {
    code: 'controller-running',
    where: `backend ${backend}`,
    what: 'a controller runs for it and would set its weights again within a tick',
    got: holderText(holder),
    fix: 'Stop it: it then restores the weights itself (systemctl stop haweight-controller). Or say --force.',
  };
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

/** A killed controller would leave its limits in HAProxy, and the next one could not tell them from configured ones. */
export const limitsObserved: Problem = {
  code: 'limits-observed',
  where: 'limits',
  what: 'limits are only observed: there is no folder that outlives this process, to note the configured ones in',
  expected: 'RUNTIME_DIRECTORY',
  fix: 'The systemd unit has it. Elsewhere set RUNTIME_DIRECTORY to a folder of this user that a restart keeps.',
};
