import { readdirSync, readFileSync } from 'node:fs';
import type { Child } from '../../testbed/rig/child.ts';
import { processUsage } from '../support/process-usage.ts';
import type { ProcessSample } from './sample.ts';

/** null if the process does not run, or ends at this moment. */
export function lookAt(child: Child, liveMiB: number | null): ProcessSample | null {
  if (!child.isRunning) return null;
  try {
    const { residentMiB, cpuMs } = processUsage(child.pid);
    const descriptors = readdirSync(`/proc/${child.pid}/fd`).length;
    return { pid: child.pid, residentMiB, cpuMs, descriptors, liveMiB };
  } catch {
    return null;
  }
}

/** How busy the whole machine is. */
export class MachineClock {
  #before = readCpuTimes();

  /** Part of the CPU time since the last call that was in use, here or (as steal time) by other virtual machines, 0 to 1. */
  takeBusy(): number {
    const before = this.#before;
    const now = readCpuTimes();
    this.#before = now;
    const all = now.all - before.all;
    return all > 0 ? 1 - (now.idle - before.idle) / all : 0;
  }
}

/** In ticks of the kernel, of all CPUs: user, nice, system, idle, iowait, irq, softirq, steal. */
function readCpuTimes(): { readonly all: number; readonly idle: number } {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  const times = line.split(/\s+/).slice(1, 9).map(Number);
  const [idle = 0, iowait = 0] = times.slice(3, 5);
  return { all: times.reduce((sum, time) => sum + time, 0), idle: idle + iowait };
}
