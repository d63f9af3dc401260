import type { MemoryEvents, Stalled } from '../../shared/contract/snapshot.ts';
import { clampRatio, field } from './numbers.ts';

/**
 * Reads a file of pressure stall information, /proc/pressure/NAME or NAME.pressure of a version 2 group: the average
 * of the last 10 s, as a share. null where it has neither line; older kernels have no `full` for the CPU.
 */
export function parsePressure(text: string): Stalled | null {
  const [some, full] = [average(text, 'some'), average(text, 'full')];
  return some === null && full === null ? null : { some, full };
}

function average(text: string, line: 'some' | 'full'): number | null {
  const [, percent, hundredths] = new RegExp(`^${line} avg10=(\\d{1,3})\\.(\\d\\d) `, 'm').exec(text) ?? [];
  return percent === undefined ? null : clampRatio(Number(`${percent}${hundredths}`) / 10_000);
}

/** Reads memory.events of a version 2 group; null where one of the four is missing. */
export function parseMemoryEvents(text: string): MemoryEvents | null {
  const [high, max, oom, oomKill] = [
    event(text, 'high'),
    event(text, 'max'),
    event(text, 'oom'),
    event(text, 'oom_kill'),
  ];
  return high === null || max === null || oom === null || oomKill === null ? null : { high, max, oom, oomKill };
}

function event(text: string, name: string): number | null {
  const count = field(text, name);
  return count === null || count > Number.MAX_SAFE_INTEGER ? null : count;
}
