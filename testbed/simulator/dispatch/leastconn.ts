import { maxWeight } from '../../../shared/contract/limits.ts';
import { type Dispatch, type HasRoom, isEligible, type Target } from './dispatch.ts';

/**
 * HAProxy's leastconn (`fwlc_queue_srv` in lb_fwlc.c): the smallest key first. The key is 0 for an idle server
 * of any weight, otherwise (served + 1) * 256 / weight as an integer. Among equal keys, the server that was put
 * back longest ago. Servers without room are passed over.
 */
export function leastconn(targets: readonly Target[], hasRoom: HasRoom): Dispatch {
  let places = 0;
  const entries = targets.map((target) => ({ target, key: keyOf(target), place: places++ }));
  return {
    pick(avoid) {
      let best: (typeof entries)[number] | null = null;
      let fallback: Target | null = null;
      for (const entry of entries) {
        if (!isEligible(entry.target) || !hasRoom(entry.target)) continue;
        if (entry.target === avoid) fallback = avoid;
        else if (best === null || entry.key < best.key || (entry.key === best.key && entry.place < best.place))
          best = entry;
      }
      return best?.target ?? fallback;
    },
    changed(target) {
      const entry = entries[target.index];
      const key = keyOf(target);
      if (entry === undefined || entry.key === key) return;
      entry.key = key;
      entry.place = places++;
    },
  };
}

function keyOf({ served, weight }: Target): number {
  return served === 0 ? 0 : Math.floor(((served + 1) * maxWeight) / weight);
}
