import { seededRandom } from '../../shared/math/random.ts';
import { Dice } from './input/dice.ts';
import { shrink } from './input/shrink.ts';
import type { MemorySample } from './memory.ts';
import { descriptorCount, residentBytes } from './process-facts.ts';
import type { Failure, Progress } from './protocol.ts';
import type { OpenTarget, Target } from './target.ts';
import { Violation } from './violation.ts';

/** Kinds of failure that are kept; more of them would tell nothing new. */
const maxFailures = 10;
/** Cases before descriptors are counted: connections that are kept are open by then. */
const settledAfter = 50;
/** Spread of seeds, so that case 1 of seed 1 is not case 0 of seed 2. */
const seedStep = 0x9e3779b1;

/** CPU time that a case may take, in ms: a tick has 2,000, and everything that was read must be linear in its length. */
const defaultCpuMs = 250;
const defaultCpuMsPerKib = 2;
/** A collection of garbage or a compilation may fall into any case: only one that is slow each time is slow. */
const attemptsAtSlow = 3;

export function caseOf(target: Target, seed: number, number: number): Buffer {
  return target.generate(new Dice(seededRandom((Math.imul(seed, seedStep) + number) | 0)));
}

/** What a case may take of the CPU, in ms. */
export function cpuLimitMs({ maxCpuMs = defaultCpuMs, cpuMsPerKib = defaultCpuMsPerKib }: OpenTarget, input: Buffer) {
  return maxCpuMs + (cpuMsPerKib * input.length) / 1024;
}

/** Plays cases of one target and keeps the score. */
export class Player {
  readonly #target: Target;
  readonly #open: OpenTarget;
  readonly #outcomes = new Map<string, number>();
  readonly #failures = new Map<string, Failure>();
  readonly #memory: MemorySample[] = [];
  #cases = 0;
  #slowest = { cpuMs: 0, case: 0 };
  #descriptors: { before: number | null; after: number | null } = { before: null, after: null };

  constructor(target: Target, open: OpenTarget) {
    this.#target = target;
    this.#open = open;
  }

  progress(done: boolean): Progress {
    return {
      cases: this.#cases,
      outcomes: [...this.#outcomes].sort(([, one], [, other]) => other - one),
      failures: [...this.#failures.values()],
      slowest: this.#slowest,
      memory: this.#memory,
      descriptors: { ...this.#descriptors },
      done,
    };
  }

  async play(seed: number, number: number): Promise<void> {
    const input = caseOf(this.#target, seed, number);
    const startUs = cpuUs();
    const outcome = await this.#attempt(input);
    const cpuMs = (cpuUs() - startUs) / 1_000;
    this.#cases += 1;
    if (cpuMs > this.#slowest.cpuMs) this.#slowest = { cpuMs, case: number };
    if (typeof outcome !== 'string') await this.#fail(number, input, outcome);
    else {
      this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
      if (cpuMs > this.#limitMs(input)) await this.#doubt(number, input, cpuMs);
    }
    if (this.#cases === settledAfter) this.#descriptors.before = this.#countDescriptors();
  }

  /** One look at the memory. `collect` collects the garbage of this process. */
  look(collect: () => void): void {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    const { watchedPid } = this.#open;
    const heapBytes = watchedPid === undefined ? heapUsed + external : null;
    this.#memory.push({ heapBytes, residentBytes: residentBytes(watchedPid ?? 'self') });
  }

  /** At the end, when what was opened had time to close. */
  countDescriptors(): { before: number | null; after: number } {
    this.#descriptors.after = this.#countDescriptors();
    return { before: this.#descriptors.before, after: this.#descriptors.after };
  }

  #countDescriptors(): number {
    return descriptorCount(this.#open.watchedPid ?? 'self');
  }

  #limitMs(input: Buffer): number {
    return cpuLimitMs(this.#open, input);
  }

  async #attempt(input: Buffer): Promise<string | Error> {
    try {
      return await this.#open.check(input);
    } catch (error) {
      return error instanceof Error ? error : new Violation(`thrown: ${String(error)}`);
    }
  }

  async #doubt(number: number, input: Buffer, first: number): Promise<void> {
    let least = first;
    for (let attempt = 1; attempt < attemptsAtSlow; attempt += 1) {
      const startUs = cpuUs();
      await this.#attempt(input);
      least = Math.min(least, (cpuUs() - startUs) / 1_000);
    }
    const [took, limit] = [Math.round(least), Math.round(this.#limitMs(input))];
    if (took <= limit) return;
    this.#keep('slow', { case: number, why: `took ${took} ms of CPU, over ${limit} ms`, inputBase64: base64(input) });
  }

  async #fail(number: number, input: Buffer, error: Error): Promise<void> {
    const kind = kindOf(error);
    if (this.#failures.has(kind) || this.#failures.size >= maxFailures) return;
    const same = async (smaller: Buffer) => {
      const outcome = await this.#attempt(smaller);
      return typeof outcome !== 'string' && kindOf(outcome) === kind;
    };
    const small = await shrink(input, same);
    this.#keep(kind, { case: number, why: describe(error), inputBase64: base64(small) });
  }

  #keep(kind: string, failure: Failure): void {
    if (this.#failures.size < maxFailures && !this.#failures.has(kind)) this.#failures.set(kind, failure);
  }
}

function cpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64');
}

/** The message and the first place in our own code, or in anybody's; the same fault gives the same. */
function describe(error: Error): string {
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  const own = frames.filter((line) => !/node_modules|node:|<anonymous>|fuzz\/violation/.test(line));
  const place = (own[0] ?? frames[0] ?? '').trim().replace(/file:\/\/\S*?\/(?=(?:[\w-]+\/)*[\w.-]+\.ts)/, '');
  return `${error.name}: ${error.message.slice(0, 300)} ${place}`.trim();
}

function kindOf(error: Error): string {
  return describe(error).replaceAll(/\d+/g, 'N').slice(0, 200);
}
