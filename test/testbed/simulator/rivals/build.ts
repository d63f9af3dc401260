import { seededRandom } from '../../../../shared/math/random.ts';
import { Agenda } from '../../../../testbed/simulator/agenda.ts';
import type { Dispatch, Outcome, Target } from '../../../../testbed/simulator/dispatch/dispatch.ts';
import type { Request } from '../../../../testbed/simulator/request.ts';
import type { RivalSystem } from '../../../../testbed/simulator/rivals/rival.ts';
import { targets } from '../build.ts';

/** A rival as one client has it, at an instant that the test sets. */
export class Client {
  readonly agenda = new Agenda();
  readonly targets: readonly Target[];
  readonly dispatch: Dispatch;
  readonly #slot = this.agenda.slot(() => undefined);

  constructor(count: number, system: (agenda: Agenda) => RivalSystem) {
    this.targets = targets(Array.from({ length: count }, () => 100));
    this.dispatch = system(this.agenda)(this.targets, seededRandom(1));
  }

  target(index: number): Target {
    const target = this.targets[index];
    if (target === undefined) throw new RangeError(`no server ${index}`);
    return target;
  }

  /** Runs everything until then. */
  goTo(atMs: number): void {
    this.agenda.set(this.#slot, atMs);
    while (this.agenda.nowMs < atMs) void this.agenda.step();
  }

  /** Sends a request to this server. */
  send(index: number): Request {
    const target = this.target(index);
    const request = requestAt(this.agenda.nowMs);
    this.dispatch.sent?.(request, target);
    target.served += 1;
    this.dispatch.changed(target);
    return request;
  }

  end(index: number, request: Request, outcome: Outcome = 'answered'): void {
    const target = this.target(index);
    target.served -= 1;
    this.dispatch.changed(target);
    this.dispatch.ended?.(request, target, outcome);
  }

  /** How many of so many requests each server would get; none is sent. */
  picks(count: number): number[] {
    const counts = this.targets.map(() => 0);
    for (let pick = 0; pick < count; pick += 1) {
      const { index = -1 } = this.dispatch.pick(null) ?? {};
      counts[index] = (counts[index] ?? 0) + 1;
    }
    return counts;
  }
}

function requestAt(arrivedMs: number): Request {
  return { arrivedMs, demandMs: 20, wait: 0, haproxy: 0, server: -1, retries: 0, stage: 0, queuedMs: 0, over: false };
}
