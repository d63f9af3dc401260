import type { Reason } from '../../../shared/contract/decision.ts';

/** For policies of cpu and ram alone: where ram is unknown cpu decides, and the reasons say so, whatever the load is made of. */
export function withoutRam(reasons: readonly Reason[], ram: number | null): readonly Reason[] {
  const said = reasons.some((reason) => reason.code === 'load-without' && reason.metrics.includes('ram'));
  return ram !== null || said ? reasons : [...reasons, { code: 'load-without', metrics: ['ram'] }];
}
