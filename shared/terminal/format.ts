/* Numbers for people. Inside, shares are 0 to 1 and times are in ms. Unknown is a dash, never 0. */

const unknown = '-';

/** 0.5 is "50%": for the narrow columns of a terminal. */
export function percent(ratio: number | null, digits = 0): string {
  return ratio === null ? unknown : `${(ratio * 100).toFixed(digits)}%`;
}

/** 0.5 is "50 %": in sentences and documents. */
export function spacedPercent(ratio: number | null, digits = 0): string {
  return ratio === null ? unknown : `${(ratio * 100).toFixed(digits)} %`;
}

/** As `spacedPercent`, but "100 %" is only what is all: anything less is rounded down. */
export function percentOfAll(ratio: number | null, digits = 0): string {
  const text = spacedPercent(ratio, digits);
  if (ratio === null || ratio >= 1 || Number.parseFloat(text) < 100) return text;
  return spacedPercent(1 - 10 ** -(digits + 2), digits);
}

export function decimal(value: number | null, digits = 2): string {
  return value === null ? unknown : value.toFixed(digits);
}

/** As `decimal`, with the sign of what is not 0. */
export function signed(value: number | null, digits = 2): string {
  const text = decimal(value, digits);
  return value === null || value < 0 || Number(text) === 0 ? text.replace(/^-(?=[0.]+$)/, '') : `+${text}`;
}

/** A whole number, thousands grouped: "12,345". */
export function count(value: number | null): string {
  return value === null ? unknown : Math.round(value).toLocaleString('en-US');
}

/** 1500 is "1.5 s". */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** Without its unit: one decimal below `wholeFrom`, else whole. */
export function milliseconds(ms: number | null, wholeFrom = 100): string {
  // what would be rounded up to `wholeFrom` is shown like it
  return ms === null ? unknown : ms.toFixed(ms < wholeFrom - 0.05 ? 1 : 0);
}

/** A response time with its unit; at the deadline or above it all that is known is "over". */
export function responseTime(ms: number | null, deadlineMs: number): string {
  if (ms === null) return unknown;
  if (ms >= deadlineMs) return `over ${seconds(deadlineMs)}`;
  return ms < 1_000 ? `${milliseconds(ms, 10)} ms` : `${decimal(ms / 1_000)} s`;
}

export function bytes(value: number): string {
  return scaled(value, 1_024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
}

export function bitRate(value: number): string {
  return scaled(value, 1_000, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s']);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let amount = value;
  let unit = 0;
  while (amount >= base && unit < units.length - 1) {
    amount /= base;
    unit += 1;
  }
  return `${amount.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}
