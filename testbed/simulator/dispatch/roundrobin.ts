import { type Dispatch, isEligible, type Target } from './dispatch.ts';

/**
 * Smooth weighted round robin: every server gains its weight, and the one with the most is chosen and pays the sum of all
 * weights. In as many requests as the sum of the weights, every server gets exactly its weight, evenly spread. The method is
 * nginx's; HAProxy's tree gives the same shares. The effect of frequent weight changes on HAProxy's tree is not modelled.
 */
export function roundrobin(targets: readonly Target[]): Dispatch {
  const credits = targets.map(() => 0);
  return {
    pick(avoid) {
      const mayAvoid = avoid !== null && targets.some((target) => target !== avoid && isEligible(target));
      let best: Target | null = null;
      let bestCredit = Number.NEGATIVE_INFINITY;
      let total = 0;
      for (const target of targets) {
        if (!isEligible(target) || (mayAvoid && target === avoid)) continue;
        const credit = (credits[target.index] ?? 0) + target.weight;
        credits[target.index] = credit;
        total += target.weight;
        if (credit > bestCredit) [best, bestCredit] = [target, credit];
      }
      if (best !== null) credits[best.index] = bestCredit - total;
      return best;
    },
    // credits never exceed one round, so a server that returns with old credits has no effect
    changed() {},
  };
}
