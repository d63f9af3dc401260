import type { Random } from '../../../shared/math/random.ts';
import type { Target } from '../dispatch/dispatch.ts';

/** Servers that may get a request: those that are up, and not `avoid` if there is another. */
export function candidates(targets: readonly Target[], avoid: Target | null): readonly Target[] {
  const up = targets.filter((target) => target.up);
  const others = up.filter((target) => target !== avoid);
  return others.length > 0 ? others : up;
}

/** This many of them, drawn uniformly without replacement, or all if there are fewer. */
export function drawSome<Item>(items: readonly Item[], count: number, random: Random): Item[] {
  const left = [...items];
  const drawn: Item[] = [];
  while (drawn.length < count && left.length > 0) {
    const place = Math.floor(random() * left.length);
    const last = left.pop();
    const item = place < left.length ? left[place] : last;
    if (item === undefined || last === undefined) break;
    if (place < left.length) left[place] = last;
    drawn.push(item);
  }
  return drawn;
}
