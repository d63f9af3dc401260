import type { Random } from '../../../shared/math/random.ts';
import { type Dispatch, type HasRoom, isEligible, type Target } from './dispatch.ts';

/**
 * random(2), HAProxy's `balance random` (`get_server_rnd` in lb_chash.c): two servers drawn by weight, the second one
 * unless it serves more requests for its weight than the first. HAProxy draws on a hash ring, whose shares are slightly uneven;
 * here they are exact. Where the better of the two has no room, there is none, though another server may have some.
 */
export function randomOfTwo(targets: readonly Target[], random: Random, hasRoom: HasRoom): Dispatch {
  return {
    pick(avoid) {
      const mayAvoid = avoid !== null && targets.some((target) => target !== avoid && isEligible(target));
      const without = mayAvoid ? avoid : null;
      const previous = draw(targets, random, without);
      const current = draw(targets, random, without);
      if (previous === null || current === null) return null;
      const better = current.served * previous.weight > previous.served * current.weight ? previous : current;
      return hasRoom(better) ? better : null;
    },
    changed() {},
  };
}

function draw(targets: readonly Target[], random: Random, without: Target | null): Target | null {
  let total = 0;
  for (const target of targets) if (isEligible(target) && target !== without) total += target.weight;
  let left = random() * total;
  let last: Target | null = null;
  for (const target of targets) {
    if (!isEligible(target) || target === without) continue;
    last = target;
    left -= target.weight;
    if (left < 0) break;
  }
  return last;
}
