import type { FixedLimits } from './contender-schema.ts';
import type { SimulatedHaproxy } from './haproxy.ts';
import type { ServerSpec } from './schema.ts';

/** Sets the limits of every server that has a weight. */
export function setFixedLimits(
  haproxy: SimulatedHaproxy,
  { perCore, bound = 0 }: FixedLimits,
  fleet: readonly ServerSpec[],
  nowMs: number,
): void {
  const total = haproxy.lines.reduce((sum, { weight }) => sum + weight, 0);
  for (const { name, index, weight, leastLimit } of haproxy.lines) {
    if (weight === 0) continue;
    const own = (perCore ?? 0) * (fleet[index]?.cores ?? 0);
    const share = ((1 + bound) * weight * (haproxy.fullconn ?? 0)) / total;
    // equal to minconn it would be static for good
    const limit = perCore === undefined ? Math.max((leastLimit ?? 0) + 1, Math.round(share)) : Math.round(own);
    haproxy.setLimit(name, Math.max(1, limit), nowMs);
  }
}
