import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { problemCodes } from '../../shared/contract/problem.ts';

const root = join(import.meta.dirname, '../..');
/** What users run and read. The rig, the demo and the proofs word their own failures. */
const rooms = ['shared', 'haproxy', 'agent', 'controller', 'cli', 'testbed/simulator'];

/** Files in which an object literal has this code, by code. */
function placesOf(): ReadonlyMap<string, ReadonlySet<string>> {
  const places = new Map<string, Set<string>>();
  for (const path of rooms.flatMap((room) => globSync(`${room}/**/*.ts`, { cwd: root }))) {
    const source = readFileSync(join(root, path), 'utf8');
    for (const [, code = ''] of source.matchAll(/\bcode: '([a-z-]+)'/g)) {
      if (Object.hasOwn(problemCodes, code)) places.set(code, (places.get(code) ?? new Set()).add(path));
    }
  }
  return places;
}

test('a problem is worded in one place: no two files construct the same code', (t) => {
  const several = [...placesOf()].filter(([, files]) => files.size > 1);
  t.deepEqual(
    several.map(([code, files]) => `${code}: ${[...files].join(', ')}`),
    [],
  );
});

test('faults of HAProxy, agents and the configuration are worded in shared/contract/problems/', (t) => {
  const elsewhere = [...placesOf()].filter(([code, files]) => {
    const isShared = /^(socket|haproxy|backend|server|weight|name|agent|token|tls|config)-/.test(code);
    return isShared && [...files].some((file) => !file.startsWith('shared/contract/problems/'));
  });
  t.deepEqual(
    elsewhere.map(([code]) => code),
    [],
  );
});
