/** Figures for people. */

export function count(value: number): string {
  return value.toLocaleString('en-US');
}

export function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}

export function ms(value: number): string {
  return value.toFixed(2);
}

export function kib(bytes: number): string {
  return `${(bytes / 1_024).toFixed(0)} KiB`;
}
