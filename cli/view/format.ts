import { styleText } from 'node:util';

/** Percentages are for people only; inside, utilisations are 0 to 1. Unknown is a dash, never 0. */
export function percent(ratio: number | null, decimals = 0): string {
  return ratio === null ? '-' : `${(ratio * 100).toFixed(decimals)}%`;
}

export function decimal(value: number | null, decimals = 2): string {
  return value === null ? '-' : value.toFixed(decimals);
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

export type Tone = 'good' | 'warn' | 'bad' | 'quiet';

const styles = { good: 'green', warn: 'yellow', bad: 'red', quiet: 'dim' } as const;

/** Colour, only on a terminal and not against NO_COLOR; the words say the same without it. */
export function toned(text: string, tone: Tone | null): string {
  return tone === null ? text : styleText(styles[tone], text, { stream: process.stdout });
}

/** Text of at most `width` characters, with nothing in it that a terminal obeys; what is cut off is marked. */
export function clip(text: string, width: number): string {
  const safe = text.replaceAll(/\p{Cc}/gu, '?');
  return safe.length <= width ? safe : `${safe.slice(0, Math.max(0, width - 1))}…`;
}
