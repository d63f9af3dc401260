/** Numbers as people read them. Thousands are grouped, unknown is a dash. */
const unknown = '-';

/** A response time; at the deadline or above it all that is known is "over". */
export function responseTime(ms: number | null, deadlineMs: number): string {
  if (ms === null) return unknown;
  if (ms >= deadlineMs) return `over ${(deadlineMs / 1_000).toFixed(1)} s`;
  return ms < 1_000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1_000).toFixed(2)} s`;
}

/** 0.5 is "50 %". Never rounds up to 100 % what is not all. */
export function percent(fraction: number | null, digits = 0): string {
  if (fraction === null) return unknown;
  const scale = 10 ** digits;
  const rounded = Math.round(fraction * 100 * scale) / scale;
  const shown = rounded >= 100 && fraction < 1 ? Math.floor(fraction * 100 * scale) / scale : rounded;
  return `${shown.toFixed(digits)} %`;
}

export function whole(value: number | null): string {
  return value === null ? unknown : Math.round(value).toLocaleString('en-US');
}

/** A bar of ten characters for 0 to 1. */
export function bar(fraction: number | null, width = 10): string {
  const filled = Math.round(Math.min(Math.max(fraction ?? 0, 0), 1) * width);
  return '#'.repeat(filled) + '.'.repeat(width - filled);
}
