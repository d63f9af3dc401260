import { styleText } from 'node:util';
import { printableText } from '../contract/printable-text.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'quiet';

const styles = { good: 'green', warn: 'yellow', bad: 'red', quiet: 'dim' } as const;

/** Colour, only on a terminal and not against NO_COLOR; the words say the same without it. */
export function toned(text: string, tone: Tone | null): string {
  return tone === null ? text : styleText(styles[tone], text, { stream: process.stdout });
}

/** Text of at most `width` characters, with nothing in it that a terminal obeys; what is cut off is marked. */
export function clip(text: string, width: number): string {
  const safe = printableText(text);
  return safe.length <= width ? safe : `${safe.slice(0, Math.max(0, width - 1))}…`;
}

/** A bar of `width` characters for 0 to 1. */
export function bar(fraction: number | null, width = 10): string {
  const filled = Math.round(Math.min(Math.max(fraction ?? 0, 0), 1) * width);
  return '#'.repeat(filled) + '.'.repeat(width - filled);
}
