import { err, ok, type Result } from '../../shared/contract/result.ts';
import { parseCount } from './numbers.ts';
import { type Unavailable, unavailable } from './unavailable.ts';

/** A quota in cores; null where there is none. A damaged file could hold one: it fails. */
export type Quota = Result<number | null, Unavailable>;

/** Reads cpu.max of version 2: `max 100000` or `50000 100000`, both in µs. `text` null: the root group, which has none. */
export function parseCpuMax(text: string | null): Quota {
  const [, quota, period] = /^(max|\d+) (\d+)\n$/.exec(text ?? 'max 100000\n') ?? [];
  return quota === undefined ? damaged('cpu.max') : ok(cores(quota, period));
}

/** Reads cpu.cfs_quota_us (-1: none) and cpu.cfs_period_us of version 1. */
export function parseCfsQuota(quotaText: string | null, periodText: string | null): Quota {
  const [quota, period] = [quotaText ?? '-1\n', periodText ?? '100000\n'];
  if (![quota, period].every((text) => /^-?\d+\n$/.test(text))) return damaged('cpu.cfs_quota_us');
  return ok(cores(quota.trim(), period.trim()));
}

function damaged(file: string): Quota {
  return err(unavailable('failed', `${file} does not hold a quota and its period`));
}

function cores(quotaText: string, periodText: string | undefined): number | null {
  const [quota, period] = [parseCount(quotaText), parseCount(periodText)];
  return quota === null || period === null || quota === 0 || period === 0 ? null : quota / period;
}
