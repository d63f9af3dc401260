import type { Contender } from '../schema.ts';
import { grpcWrr } from './grpc-wrr.ts';
import type { RivalName } from './names.ts';
import { peakEwma } from './peak-ewma.ts';
import { prequal } from './prequal.ts';
import type { RivalSurroundings, RivalSystem } from './rival.ts';
import { robinhood } from './robinhood.ts';

const systems: Readonly<Record<RivalName, (surroundings: RivalSurroundings) => RivalSystem>> = {
  prequal,
  'peak-ewma': peakEwma,
  'grpc-wrr': grpcWrr,
  robinhood,
};

/** null for a contender that leaves HAProxy its `balance`. */
export function rivalSystem(contender: Contender, surroundings: RivalSurroundings): RivalSystem | null {
  return contender.kind === 'rival' ? systems[contender.rival](surroundings) : null;
}
