import type { TargetName } from '../../../lab/fuzz/targets/registry.ts';

const keys = Array.from({ length: 36_000 }, (_, index) => `k${index}:\n`);

/** Cases that once failed, as the files in `regressions/`, but too large to keep. */
export const largeCases: Partial<Record<TargetName, Readonly<Record<string, string>>>> = {
  configuration: {
    'as-many-keys-as-lines': `\0${keys.join('')}`,
    'as-many-errors-as-bytes': `\0${']'.repeat(100_000)}`,
    'very-long-key': `\0backends: [{name: web}]\n? ${'k'.repeat(50_000)}\n: 1\n`,
  },
  kernel: {
    'group-of-fifteen-thousand-ancestors': `\x030::${'/a'.repeat(15_000)}\n\x0024 1 0:21 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n`,
  },
  snapshot: {
    'version-nested-too-deep': `\0{"version":${'['.repeat(9_000)}${']'.repeat(9_000)}}`,
  },
};
