/** What is remembered of a server that comes back, or has just come. */
export interface Ramp {
  /** Share of its weight that it may have, above 0 to 1. */
  readonly share: number;
  /** For how long it has had no traffic, in ms; null: it serves. */
  readonly awayMs: number | null;
  /** For how long the ramp has waited for slow answers, in ms. */
  readonly heldMs: number;
}

export const fullRamp: Ramp = { share: 1, awayMs: null, heldMs: 0 };

/** After a shorter absence its caches are as they were. */
const shortAbsenceMs = 10_000;
const afterShortAbsence = 0.5;
const afterLongAbsence = 0.1;
/** A server that has passed a probe has shown a little. */
export const afterProbe: Ramp = { share: 0.2, awayMs: null, heldMs: 0 };
/** A ramp doubles in this time, in ms ... */
const doublingMs = 1_000;
/** ... unless answers take this many times as long as the other servers'; it waits for them this long at most, in ms. */
const slowTimes = 2;
const mostHeldMs = 10_000;

/** A server that has not been here before. */
export const newRamp: Ramp = { share: afterLongAbsence, awayMs: shortAbsenceMs, heldMs: 0 };

export function away({ awayMs }: Ramp, elapsedMs: number): Ramp {
  const longer = awayMs === null ? 0 : awayMs + elapsedMs;
  return { share: longer < shortAbsenceMs ? afterShortAbsence : afterLongAbsence, awayMs: longer, heldMs: 0 };
}

/** One look at a server that serves. `wasUp`: at the look before, too. Response times in ms; null: unknown. */
export function rampUp(
  before: Ramp,
  wasUp: boolean,
  elapsedMs: number,
  ownMs: number | null,
  ofOthersMs: number | null,
): Ramp {
  if (!wasUp) return { ...before, awayMs: null };
  if (before.share === 1) return before;
  const isSlow = ownMs !== null && ofOthersMs !== null && ownMs > slowTimes * Math.max(1, ofOthersMs);
  if (isSlow && before.heldMs < mostHeldMs) return { ...before, awayMs: null, heldMs: before.heldMs + elapsedMs };
  return { ...before, awayMs: null, share: Math.min(1, before.share * 2 ** (elapsedMs / doublingMs)) };
}

/** At least what the other servers cannot carry. */
export function atLeast(ramp: Ramp, need: number): Ramp {
  return need > ramp.share ? { ...ramp, share: need } : ramp;
}
