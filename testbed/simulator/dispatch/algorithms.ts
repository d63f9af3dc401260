import type { Random } from '../../../shared/math/random.ts';
import type { Balance } from '../schema.ts';
import type { Dispatch, HasRoom, Target } from './dispatch.ts';
import { leastconn } from './leastconn.ts';
import { randomOfTwo } from './random.ts';
import { roundrobin } from './roundrobin.ts';

export function dispatchOf(balance: Balance, targets: readonly Target[], random: Random, hasRoom: HasRoom): Dispatch {
  switch (balance) {
    case 'roundrobin':
      return roundrobin(targets, hasRoom);
    case 'leastconn':
      return leastconn(targets, hasRoom);
    case 'random':
      return randomOfTwo(targets, random, hasRoom);
  }
}
