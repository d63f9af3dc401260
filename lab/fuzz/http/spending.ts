import { readFileSync, writeFileSync } from 'node:fs';
import { inMib } from '../memory.ts';
import { residentBytes } from '../process-facts.ts';
import { demand } from '../violation.ts';
import type { Plan } from './plan.ts';
import type { Servers } from './servers.ts';

/** Memory above that at rest, during any case; docs/security.md promises it. */
const maxPeakBytes = 150 * 1024 ** 2;
/** CPU time of the servers for a case, for each connection of it and for each KiB that was sent or received, in ms. */
const cpu = { caseMs: 250, connectionMs: 10, sentKibMs: 2, receivedKibMs: 0.02 } as const;

/** What the servers take of their machine for each case, and what they report. */
export class Spending {
  readonly #servers: Servers;
  readonly #restBytes: number;
  #cpuMs = 0;

  /** To be made when the servers are at rest, after some requests. */
  constructor(servers: Servers) {
    this.#servers = servers;
    this.#restBytes = residentBytes(servers.child.pid);
  }

  /** Starts a case. */
  async begin(): Promise<void> {
    this.#cpuMs = (await this.#servers.report()).cpuMs;
    forgetPeak(this.#servers.child.pid);
  }

  /** Throws a Violation where the servers took too much since then, or something went wrong inside. */
  async check({ connections, bytes }: Plan, receivedBytes: number): Promise<void> {
    const { cpuMs, problems } = await this.#servers.report();
    demand(problems.length === 0, () => problems.join(', '));
    const tookBytes = peakResidentBytes(this.#servers.child.pid) - this.#restBytes;
    demand(tookBytes <= maxPeakBytes, () => `the servers took ${inMib(tookBytes)} more than at rest`);
    const sentMs = (cpu.sentKibMs * connections * bytes.length) / 1024;
    const receivedMs = (cpu.receivedKibMs * receivedBytes) / 1024;
    const mostMs = cpu.caseMs + cpu.connectionMs * connections + sentMs + receivedMs;
    const tookMs = Math.round(cpuMs - this.#cpuMs);
    demand(tookMs <= mostMs, () => `the servers took ${tookMs} ms of CPU, over ${Math.round(mostMs)} ms`);
  }
}

/** The most memory that a process has had resident since its peak was forgotten, in bytes. */
function peakResidentBytes(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

function forgetPeak(pid: number): void {
  // proc(5): 5 sets the peak to what is resident now
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
