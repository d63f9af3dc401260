/** Replaces control characters in data from elsewhere, which could control the terminal. Other characters stay. */
export function printable<Value>(value: Value): Value {
  return printableJson(value) as Value;
}

function printableJson(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(/\p{Cc}/gu, '?');
  if (Array.isArray(value)) return value.map(printableJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, printableJson(each)]));
}
