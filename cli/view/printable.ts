import { printableText } from '../../shared/contract/printable-text.ts';

/** Every text in data from elsewhere, made safe to print. */
export function printable<Value>(value: Value): Value {
  return printableData(value) as Value;
}

function printableData(value: unknown): unknown {
  if (typeof value === 'string') return printableText(value);
  if (Array.isArray(value)) return value.map(printableData);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, printableData(each)]));
}
