import { type Dispatch, type HasRoom, isEligible, type Target } from './dispatch.ts';

/**
 * Smooth weighted round robin: every server gains its weight, and the one with the most is chosen and pays the sum of all
 * weights. In as many requests as the sum of the weights, every server gets exactly its weight, evenly spread. The method is
 * nginx's; HAProxy's tree gives the same shares. The effect of frequent weight changes on HAProxy's tree is not modelled.
 *
 * A server without room that has its turn loses it (`fwrr_get_next_server` in lb_fwrr.c); the others share it by their weights.
 */
export function roundrobin(targets: readonly Target[], hasRoom: HasRoom): Dispatch {
  const credits = targets.map(() => 0);
  const next = (without: Target | null, full: ReadonlySet<Target> | null): Target | null => {
    let best: Target | null = null;
    let bestCredit = Number.NEGATIVE_INFINITY;
    let total = 0;
    for (const target of targets) {
      if (!isEligible(target) || target === without || full?.has(target) === true) continue;
      const credit = (credits[target.index] ?? 0) + target.weight;
      credits[target.index] = credit;
      total += target.weight;
      if (credit > bestCredit) [best, bestCredit] = [target, credit];
    }
    if (best !== null) credits[best.index] = bestCredit - total;
    return best;
  };
  return {
    pick(avoid) {
      const isElsewhere = (target: Target) => target !== avoid && isEligible(target) && hasRoom(target);
      const without = avoid !== null && targets.some(isElsewhere) ? avoid : null;
      let full: Set<Target> | null = null;
      for (;;) {
        const target = next(without, full);
        if (target === null || hasRoom(target)) return target;
        full ??= new Set();
        full.add(target);
      }
    },
    // credits never exceed one round, so a server that returns with old credits has no effect
    changed() {},
  };
}
