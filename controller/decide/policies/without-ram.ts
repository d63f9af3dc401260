import type { Reason } from '../../../shared/contract/decision.ts';

/** For policies that use cpu and ram alone: adds to the reasons that ram is unknown, so that cpu alone decided. */
export function withoutRam(reasons: readonly Reason[], ram: number | null): readonly Reason[] {
  const said = reasons.some((reason) => reason.code === 'load-without' && reason.metrics.includes('ram'));
  return ram !== null || said ? reasons : [...reasons, { code: 'load-without', metrics: ['ram'] }];
}
