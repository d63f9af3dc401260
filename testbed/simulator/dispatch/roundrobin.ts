import { type Dispatch, isEligible, type Target } from './dispatch.ts';

/**
 * Smooth weighted round robin: everybody gains its weight, the one that has the most is chosen and pays the sum of all
 * weights. Over as many requests as the weights sum to, everybody gets exactly its weight, well spread. The method is
 * nginx's; HAProxy's tree arrives at the same shares. What frequent changes of weights do to HAProxy's is not modelled.
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
    // credits never exceed a turn's worth, so who comes back with old ones neither catches up nor holds back
    changed() {},
  };
}
