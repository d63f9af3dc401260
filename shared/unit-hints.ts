/* Numbers that people write with a unit, or as percent, where a plain number is expected. Each gives a sentence, or null. */

const amount = '(\\d+(?:\\.\\d+)?|\\.\\d+)';
const percentPattern = new RegExp(`^\\s*${amount}\\s*%\\s*$`);
const durationPattern = new RegExp(`^\\s*${amount}\\s*(ms|s|sec|seconds?|m|min|minutes?|h|hours?)\\s*$`);
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Of a value where a share up to `most` is expected: 55, or "55 %". */
export function shareHint(value: unknown, most: number): string | null {
  const [, digits] = typeof value === 'string' ? (percentPattern.exec(value) ?? []) : [];
  const percent = typeof value === 'number' && value > most ? value : Number(digits ?? Number.NaN);
  return percent / 100 <= most ? `${rounded(percent / 100)} is ${rounded(percent)} %.` : null;
}

/** Of a share where percent is expected: 0.7. */
export function percentHint(share: number): string | null {
  return share > 0 && share < 1
    ? `${rounded(share * 100)} is ${rounded(share * 100)} %, ${rounded(share)} is less than one.`
    : null;
}

/** Of a length of time with its unit: "2s" where `unit` is expected. */
export function durationHint(value: unknown, unit: 'ms' | 's'): string | null {
  const [, digits, name] = typeof value === 'string' ? (durationPattern.exec(value) ?? []) : [];
  if (digits === undefined || name === undefined) return null;
  const inMs = Number(digits) * (unitMs[name === 'ms' ? 'ms' : name.charAt(0)] ?? 1);
  return `${digits} ${name} is ${rounded(inMs / (unitMs[unit] ?? 1))}.`;
}

/** Without the tail of binary fractions. */
function rounded(value: number): string {
  return String(Number(value.toPrecision(10)));
}
