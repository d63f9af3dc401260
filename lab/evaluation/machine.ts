import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { findHaproxy } from '../../testbed/rig/haproxy-program.ts';
import type { Run } from './record.ts';

/** Versions and machine of a run, for its report. */
export function machineFacts(): Pick<Run, 'haweight' | 'haproxy' | 'node' | 'machine'> {
  return {
    haweight: haweightVersion(),
    haproxy: firstLine(findHaproxy() ?? 'haproxy', '-v'),
    node: process.version,
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      kernel: release(),
    },
  };
}

function haweightVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const commit = firstLine('git', '-C', new URL('../..', import.meta.url).pathname, 'rev-parse', '--short', 'HEAD');
  return commit === '' ? version : `${version} (commit ${commit})`;
}

/** Empty if the program is missing. */
function firstLine(program: string, ...args: readonly string[]): string {
  try {
    const output = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return output.split('\n', 1)[0] ?? '';
  } catch {
    return '';
  }
}
