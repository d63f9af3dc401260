/* Numbers, times and truth values as JMeter, spreadsheets and scripts write them. */

/** Valid times: the years 2000 to 2100. */
const [earliestMs, latestMs] = [Date.UTC(2000, 0), Date.UTC(2100, 0)];
const dayMs = 86_400_000;

/** When something was, in ms of the wall clock; null of what is no time. Dates without a time zone are read as UTC. */
export function timeOf(text: string): number | null {
  return within(isDigits(text) ? Number(text) : (dateOf(text) ?? numberOf(text)), earliestMs, latestMs);
}

/** A duration in ms of at most a day; null of anything else. */
export function durationOf(text: string): number | null {
  return within(isDigits(text) ? Number(text) : numberOf(text), 0, dayMs);
}

function within(value: number | null, least: number, most: number): number | null {
  return value !== null && value >= least && value <= most ? value : null;
}

function isDigits(text: string): boolean {
  return text.length <= 16 && /^\d+$/.test(text);
}

/** Also with groups of thousands, or decimals; null where one could be the other, such as 1.234. */
function numberOf(text: string): number | null {
  if (text.length > 30) return null;
  const groups = /^\d{1,3}([.,'’_ \u00a0\u202f])\d{3}(?:\1\d{3})*(?:[.,]0+)?$/.exec(text);
  const separator = groups?.[1];
  const isClear = separator !== undefined && (!'.,'.includes(separator) || text.split(separator).length > 2);
  if (isClear) return Number(text.replaceAll(separator, '').replace(/[.,]0+$/, ''));
  if (separator !== undefined && !text.startsWith('0')) return null;
  return /^\d+[.,]\d+$/.test(text) ? Math.round(Number(text.replace(',', '.'))) : null;
}

/** Year first: with the day or the month first, one could be the other. */
const yearFirst =
  /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})[T ](\d{1,2}):(\d{2}):(\d{2})(?:[.,:](\d{1,9}))? ?(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$/;

function dateOf(text: string): number | null {
  const [, year, , month, day, hour, minute, second, fraction = '0', zone = 'Z'] = yearFirst.exec(text) ?? [];
  if (year === undefined) return null;
  const [monthIndex, dayOfMonth] = [Number(month) - 1, Number(day)];
  const at = Date.UTC(Number(year), monthIndex, dayOfMonth, Number(hour), Number(minute), Number(second));
  const date = new Date(at);
  if (date.getUTCMonth() !== monthIndex || date.getUTCDate() !== dayOfMonth) return null;
  return at + Math.floor(Number(`0.${fraction}`) * 1_000 + 1e-6) - zoneMs(zone);
}

function zoneMs(zone: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone) ?? [];
  return sign === undefined ? 0 : Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

export function isDate(text: string): boolean {
  return dateOf(text) !== null;
}

/** Why no time of the file can be read, if this one stands for all; null where it may be one line's damage. */
export function whyNoTimes(text: string): string | null {
  if (timeOf(text) !== null) return null;
  if (/^\d[.,]\d*E\+?1[12]$/i.test(text)) return 'a spreadsheet rounded the times';
  if (/^(?:9|1\d)\d{8}(?:[.,]\d+)?$/.test(text)) return 'the times are in seconds';
  if (/^(?:9|1\d)\d{14}$|^(?:9|1\d)\d{17}$/.test(text)) return 'the times are in us or ns';
  if (/\d\D+\d.*\d:\d\d/.test(text) || /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}$/.test(text)) {
    return 'the times are dates in a form that can be read in several ways';
  }
  return null;
}

/** The words that spreadsheets of other languages put for true and false. */
const trueWords =
  'true 1 yes y wahr vrai verdadero vero verdadeiro waar prawda sant sann sand tosi pravda igaz истина doğru';
const falseWords = 'false 0 no n falsch faux falso onwaar fałsz falskt usann falsk epätosi nepravda hamis ложь yanlış';
const truths = new Map<string, boolean>([
  ...trueWords.split(' ').map((word) => [word, true] as const),
  ...falseWords.split(' ').map((word) => [word, false] as const),
]);

/** null: neither true nor false. */
export function truthOf(text: string): boolean | null {
  if (text === 'true') return true;
  return truths.get(text.toLowerCase()) ?? null;
}

/** Not 1 or 0: in a line whose fields are out of place another column may hold these. */
export function isTruthWord(text: string): boolean {
  return !/^\d/.test(text) && truthOf(text) !== null;
}
