/** A whole number of at least 0 in decimal digits; null for anything else, so that no NaN starts here. */
export function parseCount(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,20}$/.test(text)) return null;
  return Number(text);
}

/** Keeps a ratio within 0 to 1: a queue may overshoot its buffer by one packet, a clock by one tick. */
export function clampRatio(ratio: number): number {
  return Math.min(1, Math.max(0, ratio));
}

/** A limit; null where `max`, -1, nothing or an absurdly large number says that there is none. */
export function parseLimit(text: string | null): number | null {
  const value = parseCount(text?.trim());
  return value === null || value > Number.MAX_SAFE_INTEGER ? null : value;
}

/** The smallest of those that are known; null where none is. */
export function tightest(...limits: readonly (number | null)[]): number | null {
  const known = limits.filter((limit) => limit !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** The value of `Key: 123` or `key 123` at the start of a line; null where there is none, or it may be cut short. */
export function field(text: string, key: string): number | null {
  const start = text.startsWith(key) ? 0 : text.indexOf(`\n${key}`) + 1;
  if (start === 0 && !text.startsWith(key)) return null;
  return parseCount(/^:?\s+(\d+)\s/.exec(text.slice(start + key.length, start + key.length + 40))?.[1]);
}
