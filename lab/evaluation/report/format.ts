import type { Spread } from './spread.ts';

/** Where nothing was measured. */
export const none = '–';

/** From 0 to 1 as a percentage without its sign: `99.97`, `3.1`; 0 and 100 only where it is exactly that. */
export function formatShare(share: number): string {
  const percent = 100 * share;
  if (share === 0 || share === 1) return `${percent}`;
  if (percent < 0.005) return '<0.01';
  if (percent >= 99.995) return '>99.99';
  return percent.toFixed(percent < 1 || percent > 99 ? 2 : 1);
}

/** With its sign: `+12.3 %`. */
export function formatImprovement(share: number): string {
  const text = (100 * share).toFixed(1);
  return `${Number(text) >= 0 ? '+' : ''}${text.replace(/^-0\.0$/, '0.0')} %`;
}

export function formatCount(count: number): string {
  return Number.isInteger(count) ? `${count}` : count.toFixed(1);
}

/** `median (min–max)`; without the range if least and most are equal. */
export function formatSpread(spread: Spread | null, format: (value: number) => string): string {
  if (spread === null) return none;
  const [middle, min, max] = [spread.median, spread.min, spread.max].map((value) => format(value));
  return min === max ? `${middle}` : `${middle} (${min}–${max})`;
}
