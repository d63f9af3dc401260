import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import test from 'ava';
import { ShortageReader } from '../../../agent/collectors/shortage.ts';
import { Cgroup } from '../../../agent/kernel/cgroup.ts';
import { ProcRoot } from '../../../agent/kernel/proc-root.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { isRoot } from '../../support/root.ts';
import { nothingConfigured } from '../support.ts';
import { LiveApp } from './support.ts';

const files = new ProcRoot();
/** Where version 2 is mounted, alone or beside version 1. */
const mount = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) => existsSync(`${path}/cpu.pressure`));
const why = !isRoot
  ? 'root is needed to make control groups'
  : mount === undefined
    ? 'no cgroup version 2 with pressure here'
    : null;

function pressureOf(path: string) {
  const folders = path === '/' ? [mount ?? ''] : [`${mount}${path}`, mount ?? ''];
  const cgroup = new Cgroup(files, { version: 2, path, folders: { memory: folders } });
  const units = { pageBytes: 4096, ticksPerSecond: 100 };
  const target = { kind: 'cgroup', cgroup } as const;
  return new ShortageReader({ files, units, target, configured: nothingConfigured }).at(0).pressure;
}

if (why !== null) test(`SKIPPED (${why}): pressure of a real group`, (t) => t.pass());
else {
  test("more loops than cores press on their own group's CPU, and not on its memory", async (t) => {
    const path = `/haweight-test-${process.pid}-pressure`;
    const folder = `${mount}${path}`;
    mkdirSync(folder);
    try {
      t.deepEqual(pressureOf(path)?.cpu, { some: 0, full: 0 });
      const loops = Array.from({ length: availableParallelism() + 1 }, () => LiveApp.start('busy', 0, [folder]));
      const apps = await Promise.all(loops);
      try {
        const pressed = await until('pressure', () => {
          const pressure = pressureOf(path);
          return pressure !== undefined && (pressure.cpu?.some ?? 0) > 0.1 ? pressure : null;
        });
        t.is(pressed.memory?.full, 0);
      } finally {
        await Promise.all(apps.map((app) => app[Symbol.asyncDispose]()));
      }
    } finally {
      await until(`removing ${folder}`, () => {
        try {
          rmdirSync(folder);
        } catch {
          // a process that was just killed may still be in it
        }
        return !existsSync(folder);
      });
    }
  });

  test('the real root group has the pressure of the machine', (t) => {
    t.truthy(pressureOf('/')?.memory);
  });
}
