import { ProblemError } from '../../shared/contract/problem.ts';
import { invalidFlag } from '../../shared/contract/problems/settings.ts';

/** Values of flags, with their units, turned into plain numbers at the edge. Each error is one line. */
const binary = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 } as const;
const decimal = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 } as const;

/** `512M`, `1.5G`, `1073741824`: bytes, with K, M, G and T as powers of 1024. */
export function parseBytes(text: string, where: string): number {
  return scaled(text, where, binary, /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i, 'a size such as 512M or 1.5G');
}

/** `1G`, `100M`, `25000000`: bits per second, with K, M, G and T as powers of 1000. */
export function parseBitRate(text: string, where: string): number {
  return scaled(
    text,
    where,
    decimal,
    /^(\d+(?:\.\d+)?)([KMGT]?)(?:bit(?:\/s)?|bps)?$/i,
    'bits per second such as 1G or 100M',
  );
}

export function parsePositive(text: string, where: string, most: number): number {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value <= most) return value;
  throw invalid(where, `a number above 0, at most ${most}`, text);
}

export function parseWhole(text: string, where: string, least: number, most: number): number {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw invalid(where, `a whole number from ${least} to ${most}`, text);
}

export function invalid(flag: string, expected: string, got: string): ProblemError {
  return new ProblemError(invalidFlag(flag, expected, got));
}

function scaled(
  text: string,
  where: string,
  units: Readonly<Record<string, number>>,
  pattern: RegExp,
  expected: string,
): number {
  const match = pattern.exec(text);
  const value = Math.round(Number(match?.[1]) * (units[match?.[2]?.toUpperCase() ?? ''] ?? Number.NaN));
  if (value >= 1 && value <= Number.MAX_SAFE_INTEGER) return value;
  throw invalid(where, expected, text);
}
