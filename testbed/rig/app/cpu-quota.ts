/**
 * A CPU quota as a cgroup enforces one (Linux CFS bandwidth control, cpu.max): a bucket of CPU time that fills at the
 * quota's rate and holds what one period gives; a process that has emptied it waits. Pure: times come from the caller.
 */
export interface CpuQuota {
  /** CPU cores: CPU-ms that may be used per ms of time. */
  readonly cores: number;
  /** The period of cpu.max, in ms; the kernel's default is 100. */
  readonly periodMs: number;
}

/** What is left of the bucket, in CPU-ms, at a time. Below 0: used more than was there, which delays what follows. */
export interface CpuAllowance {
  readonly leftCpuMs: number;
  readonly atMs: number;
}

export const defaultPeriodMs = 100;

/** Who waited finds at least this much CPU, so that it does not wake for nothing. */
const minTurnCpuMs = 0.1;

export function fullAllowance(quota: CpuQuota, nowMs: number): CpuAllowance {
  return { leftCpuMs: quota.cores * quota.periodMs, atMs: nowMs };
}

/** The allowance at `nowMs`, after `usedCpuMs` were used since the last call. */
export function settle(allowance: CpuAllowance, quota: CpuQuota, nowMs: number, usedCpuMs: number): CpuAllowance {
  const filled = allowance.leftCpuMs + (nowMs - allowance.atMs) * quota.cores;
  return { leftCpuMs: Math.min(filled - usedCpuMs, quota.cores * quota.periodMs), atMs: nowMs };
}

/** How long to wait before CPU may be used again, in ms; 0 where some is left. */
export function waitMs(allowance: CpuAllowance, quota: CpuQuota): number {
  return allowance.leftCpuMs > 0 ? 0 : (minTurnCpuMs - allowance.leftCpuMs) / quota.cores;
}
