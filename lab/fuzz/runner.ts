import { draw } from './input/draws.ts';
import { shrink } from './input/shrink.ts';
import type { MemorySample } from './memory.ts';
import { descriptorCount, residentBytes } from './process-facts.ts';
import type { Failure, Progress } from './protocol.ts';
import type { OpenTarget, Target } from './target.ts';
import { Violation } from './violation.ts';

/** Kinds of failure that are kept; more would tell nothing new. */
const maxFailures = 10;
/** Descriptors are counted after this many cases: connections that are kept alive are open by then. */
const settledAfter = 50;
/** Spreads seeds, so that case 1 of seed 1 is not case 0 of seed 2. */
const seedStep = 0x9e3779b1;

/** CPU time that a case may take, in ms: a tick has 2,000, and every reader must be linear in the length of its input. */
const defaultCpuMs = 250;
const defaultCpuMsPerKib = 2;
/** A garbage collection or a compilation may fall into any case: only a case that is slow each time counts as slow. */
const attemptsAtSlow = 3;

function seedOf(seed: number, number: number): number {
  return (Math.imul(seed, seedStep) + number) | 0;
}

export function caseOf(target: Target, seed: number, number: number): Buffer {
  return draw(target.cases, seedOf(seed, number));
}

/** CPU time that a case may take, in ms. */
export function cpuLimitMs({ maxCpuMs = defaultCpuMs, cpuMsPerKib = defaultCpuMsPerKib }: OpenTarget, input: Buffer) {
  return maxCpuMs + (cpuMsPerKib * input.length) / 1024;
}

/** Runs cases of one target, and counts and keeps what happens. */
export class Runner {
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

  async run(seed: number, number: number): Promise<void> {
    const input = caseOf(this.#target, seed, number);
    const startUs = cpuUs();
    const outcome = await this.#attempt(input);
    const cpuMs = (cpuUs() - startUs) / 1_000;
    this.#cases += 1;
    if (cpuMs > this.#slowest.cpuMs) this.#slowest = { cpuMs, case: number };
    if (typeof outcome !== 'string') await this.#fail(seed, number, input, outcome);
    else {
      this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
      if (cpuMs > cpuLimitMs(this.#open, input)) await this.#confirmSlow(number, input, cpuMs);
    }
    if (this.#cases === settledAfter) this.#descriptors.before = this.#countDescriptors();
  }

  /** `collect` collects the garbage of this process. */
  async sampleMemory(collect: () => void): Promise<void> {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    const { watchedPid, heapBytes: ofWatched } = this.#open;
    const heapBytes = watchedPid === undefined ? heapUsed + external : ((await ofWatched?.()) ?? null);
    this.#memory.push({ heapBytes, residentBytes: residentBytes(watchedPid ?? 'self') });
  }

  /** To be called at the end, until what was opened has closed. */
  countDescriptors(): { before: number | null; after: number } {
    this.#descriptors.after = this.#countDescriptors();
    return { before: this.#descriptors.before, after: this.#descriptors.after };
  }

  #countDescriptors(): number {
    return descriptorCount(this.#open.watchedPid ?? 'self');
  }

  async #attempt(input: Buffer): Promise<string | Error> {
    try {
      return await this.#open.check(input);
    } catch (error) {
      return error instanceof Error ? error : new Violation(`thrown: ${String(error)}`);
    }
  }

  async #confirmSlow(number: number, input: Buffer, firstMs: number): Promise<void> {
    let least = firstMs;
    for (let attempt = 1; attempt < attemptsAtSlow; attempt += 1) {
      const startUs = cpuUs();
      await this.#attempt(input);
      least = Math.min(least, (cpuUs() - startUs) / 1_000);
    }
    const [took, limit] = [Math.round(least), Math.round(cpuLimitMs(this.#open, input))];
    if (took > limit) this.#keep('slow', number, `took ${took} ms of CPU, over ${limit} ms`, input);
  }

  async #fail(seed: number, number: number, input: Buffer, error: Error): Promise<void> {
    const kind = kindOf(error);
    if (this.#failures.has(kind) || this.#failures.size >= maxFailures) return;
    const failsAlike = async (smaller: Buffer) => {
      const outcome = await this.#attempt(smaller);
      return typeof outcome !== 'string' && kindOf(outcome) === kind;
    };
    const small = await shrink(this.#target.cases, seedOf(seed, number), failsAlike);
    this.#keep(kind, number, describe(error), small ?? input);
  }

  #keep(kind: string, number: number, why: string, input: Buffer): void {
    if (this.#failures.size >= maxFailures || this.#failures.has(kind)) return;
    this.#failures.set(kind, { case: number, why, inputBase64: input.toString('base64') });
  }
}

function cpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** The message and the first place in our own code, else the first place; the same failure gives the same text. */
function describe(error: Error): string {
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  const own = frames.filter((line) => !/node_modules|node:|<anonymous>|fuzz\/violation/.test(line));
  const place = (own[0] ?? frames[0] ?? '').trim().replace(/file:\/\/\S*?\/(?=(?:[\w-]+\/)*[\w.-]+\.ts)/, '');
  return `${error.name}: ${error.message.slice(0, 300)} ${place}`.trim();
}

function kindOf(error: Error): string {
  return describe(error).replaceAll(/\d+/g, 'N').slice(0, 200);
}
