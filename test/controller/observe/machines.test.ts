import test from 'ava';
import fc from 'fast-check';
import { type Hosted, machineParts, type Placement } from '../../../controller/observe/machines.ts';

const host: Placement = { host: 'vm-a', effectiveCores: 4, scope: { kind: 'host' } };

function hosted(server: string, agentUrl: string, placement: Partial<Placement> | null, isWorking = true): Hosted {
  return {
    server,
    agentUrl,
    isWorking,
    placement: placement === null ? null : { ...host, ...placement },
    placedAtMs: 0,
  };
}

function shown(servers: readonly Hosted[]) {
  return [...machineParts(servers)].map(([server, { machine, cores }]) => [server, machine, cores]);
}

test('servers that one agent measures divide its cores (a1 to a4 on one VM, b1 on another)', (t) => {
  const servers = [
    ...['a1', 'a2', 'a3', 'a4'].map((name) => hosted(name, 'http://10.0.0.11:9477', { host: 'vmA' })),
    hosted('b1', 'http://10.0.0.12:9477', { host: 'vmB' }),
  ];
  t.deepEqual(shown(servers), [
    ['a1', 'vmA', 1],
    ['a2', 'vmA', 1],
    ['a3', 'vmA', 1],
    ['a4', 'vmA', 1],
    ['b1', 'vmB', 4],
  ]);
  t.deepEqual(machineParts(servers).get('a2')?.neighbours, ['a1', 'a2', 'a3', 'a4']);
  t.deepEqual(machineParts(servers).get('b1')?.neighbours, ['b1']);
});

test('only servers that take requests have a part', (t) => {
  const url = 'http://10.0.0.11:9477';
  const servers = [hosted('a1', url, {}), hosted('a2', url, {}), hosted('a3', url, {}, false)];
  t.deepEqual(shown(servers), [
    ['a1', 'vm-a', 2],
    ['a2', 'vm-a', 2],
    ['a3', 'vm-a', 2],
  ]);
  t.deepEqual(machineParts(servers).get('a3')?.neighbours, ['a1', 'a2']);
});

test('two agents that measure the same host share it, by boot id or by name', (t) => {
  for (const placement of [{ machine: 'boot-1' }, {}]) {
    const servers = [hosted('a1', 'http://10.0.0.11:1', placement), hosted('a2', 'http://10.0.0.11:2', placement)];
    t.deepEqual(
      [...machineParts(servers).values()].map(({ cores }) => cores),
      [2, 2],
    );
  }
});

test('a host that was given no name, and another boot, are other machines', (t) => {
  for (const name of ['localhost', 'LOCALHOST', 'localhost.localdomain', '(none)', 'debian']) {
    const servers = [
      hosted('a', 'http://10.0.0.1:1', { host: name }),
      hosted('b', 'http://10.0.0.2:1', { host: name }),
    ];
    t.deepEqual(shown(servers), [
      ['a', 'http://10.0.0.1:1', 4],
      ['b', 'http://10.0.0.2:1', 4],
    ]);
  }
  const booted = [
    hosted('a', 'http://10.0.0.1:1', { host: 'web', machine: 'boot-1' }),
    hosted('b', 'http://10.0.0.2:1', { host: 'web', machine: 'boot-2' }),
  ];
  t.deepEqual(shown(booted), [
    ['a', 'boot-1', 4],
    ['b', 'boot-2', 4],
  ]);
});

test('in a rolling upgrade, an older agent is on the machine of the newer one with its host name', (t) => {
  const older = hosted('a1', 'http://10.0.0.11:1', {});
  const newer = hosted('a2', 'http://10.0.0.11:2', { machine: 'boot-1' });
  t.deepEqual(shown([older, newer]), [
    ['a1', 'boot-1', 2],
    ['a2', 'boot-1', 2],
  ]);
  const another = hosted('c', 'http://10.0.0.13:1', { machine: 'boot-9' });
  t.is(
    machineParts([older, newer, another]).get('a1')?.machine,
    'vm-a',
    'two newer ones of that name: which one is not known',
  );
});

test('containers on one machine keep their own cores while the machine has them', (t) => {
  const container = (name: string, cores: number): Hosted =>
    hosted(name, `http://172.17.0.${name}:9477`, {
      ...{ host: `id-${name}`, machine: 'boot-1', machineCores: 8, effectiveCores: cores },
      scope: { kind: 'cgroup', version: 2, path: '/' },
    });
  t.deepEqual(shown([container('2', 0.5), container('3', 2), container('4', 4)]), [
    ['2', 'boot-1', 0.5],
    ['3', 'boot-1', 2],
    ['4', 'boot-1', 4],
  ]);
  t.deepEqual(
    shown([container('2', 8), container('3', 8)]).map(([, , cores]) => cores),
    [4, 4],
  );
});

test('the same path or process id in two containers is not one scope', (t) => {
  const scopes: readonly Placement['scope'][] = [
    { kind: 'cgroup', version: 2, path: '/' },
    { kind: 'process', pid: 1 },
    { kind: 'unknown' },
  ];
  for (const scope of scopes) {
    const servers = ['a', 'b'].map((name) => hosted(name, `http://${name}:1`, { machine: 'boot-1', scope }));
    t.deepEqual(
      [...machineParts(servers).values()].map(({ cores, neighbours }) => [cores, neighbours.length]),
      [
        [4, 2],
        [4, 2],
      ],
    );
  }
});

test('an older agent does not say how many cores its machine has, so nothing is scaled', (t) => {
  const scope = (path: string) => ({ scope: { kind: 'cgroup', version: 2, path } as const });
  const servers = [hosted('a', 'http://a:1', scope('/a')), hosted('b', 'http://b:1', scope('/b'))];
  t.deepEqual(
    [...machineParts(servers).values()].map(({ cores }) => cores),
    [4, 4],
  );
});

test('before any snapshot, servers with the same agent are on one machine of unknown size', (t) => {
  const url = 'http://10.0.0.11:9477';
  t.deepEqual(shown([hosted('a1', url, null), hosted('a2', url, null), hosted('x', '', null), hosted('y', '', null)]), [
    ['a1', url, null],
    ['a2', url, null],
    ['x', '', null],
    ['y', '', null],
  ]);
  t.deepEqual(machineParts([hosted('x', '', null), hosted('y', '', null)]).get('x')?.neighbours, ['x']);
});

test('the newest of several snapshots of one agent counts for all of its servers', (t) => {
  const url = 'http://10.0.0.11:9477';
  const older = { ...hosted('a1', url, { machine: 'boot-1' }), placedAtMs: 1 };
  const newer = { ...hosted('a2', url, { machine: 'boot-2', effectiveCores: 8 }), placedAtMs: 2 };
  t.deepEqual(shown([older, newer, hosted('a3', url, null)]), [
    ['a1', 'boot-2', 8 / 3],
    ['a2', 'boot-2', 8 / 3],
    ['a3', 'boot-2', 8 / 3],
  ]);
});

test("claiming another server's machine takes from it no more than an equal part, however large the claim", (t) => {
  const honest = hosted('a', 'http://a:1', { machine: 'boot-1', machineCores: 4 });
  for (const claim of [{ effectiveCores: 65_536 }, { effectiveCores: 65_536, machineCores: 0.001 }]) {
    for (const name of ['vm-a', 'liar']) {
      const liar = hosted('b', 'http://b:1', { host: name, machine: 'boot-1', machineCores: 4, ...claim });
      t.true((machineParts([honest, liar]).get('a')?.cores ?? 0) >= 2);
    }
  }
});

const scopes: fc.Arbitrary<Placement['scope']> = fc.oneof(
  fc.constant({ kind: 'host' } as const),
  fc.constantFrom('/', '/a', '/b').map((path) => ({ kind: 'cgroup', version: 2, path }) as const),
  fc.constantFrom(1, 7, 8).map((pid) => ({ kind: 'process', pid }) as const),
);
const placements: fc.Arbitrary<Placement | null> = fc.option(
  fc.record(
    {
      host: fc.constantFrom('vm-a', 'vm-b', 'localhost'),
      machine: fc.constantFrom('boot-1', 'boot-2'),
      machineCores: fc.constantFrom(2, 8),
      effectiveCores: fc.constantFrom(0.5, 1, 2),
      scope: scopes,
    },
    { requiredKeys: ['host', 'effectiveCores', 'scope'] },
  ),
  { freq: 6 },
);
const fleets = fc
  .array(
    fc.record({
      agentUrl: fc.constantFrom('', 'http://a:1', 'http://b:1', 'http://c:1', 'http://d:1'),
      isWorking: fc.boolean(),
      placement: placements,
      placedAtMs: fc.nat(5),
    }),
    { maxLength: 8 },
  )
  .map((each) => each.map((one, index): Hosted => ({ ...one, server: `s${index}` })));

const check = (property: (fleet: readonly Hosted[]) => void) =>
  fc.assert(fc.property(fleets, property), { numRuns: 2_000, seed: 11 });

test('whatever the fleet: one agent is one machine, and sharing is mutual', (t) => {
  check((fleet) => {
    const parts = machineParts(fleet);
    t.is(parts.size, fleet.length);
    for (const one of fleet) {
      for (const other of fleet) {
        const [here, there] = [parts.get(one.server), parts.get(other.server)];
        if (one.agentUrl !== '' && one.agentUrl === other.agentUrl) t.is(here?.machine, there?.machine);
        if (one === other || !one.isWorking || !other.isWorking) continue;
        const isShared = here?.machine !== '' && here?.machine === there?.machine;
        t.is(here?.neighbours.includes(other.server), isShared);
        t.is(there?.neighbours.includes(one.server), isShared);
      }
    }
  });
});

test('whatever the fleet: a server has at most what its agent says, and at least an equal part of it', (t) => {
  check((fleet) => {
    for (const [, { cores, neighbours }] of machineParts(fleet)) {
      if (cores === null) continue;
      t.true(cores > 0 && cores <= 2);
      t.true(cores >= 0.5 / Math.max(1, neighbours.length) ** 2);
    }
  });
});

test('whatever the fleet: the servers on a machine that says its size have no more cores together', (t) => {
  check((fleet) => {
    const parts = machineParts(fleet.map((each) => ({ ...each, isWorking: true })));
    const told = new Map<string, number>();
    for (const { server, placement } of fleet) {
      const { machine = '' } = parts.get(server) ?? {};
      if (machine === '' || placement?.machineCores === undefined || placement.machine !== machine) continue;
      told.set(machine, Math.max(told.get(machine) ?? 0, placement.machineCores));
    }
    for (const [machine, most] of told) {
      const sum = [...parts.values()].reduce(
        (total, each) => total + (each.machine === machine ? (each.cores ?? 0) : 0),
        0,
      );
      t.true(sum <= Math.max(most, 8) + 1e-9, `${machine}: ${sum} of ${most}`);
    }
  });
});

test('whatever the fleet: the order of servers does not matter, nor does a server elsewhere', (t) => {
  check((fleet) => {
    const parts = machineParts(fleet);
    const distinct = fleet.map((each, index) => ({ ...each, placedAtMs: index }));
    const more = hosted('elsewhere', 'http://elsewhere:1', { host: 'elsewhere', machine: 'boot-elsewhere' });
    const withMore = machineParts([...fleet, more]);
    for (const { server } of fleet) t.deepEqual(withMore.get(server), parts.get(server));
    const forwards = machineParts(distinct);
    const backwards = machineParts(distinct.toReversed());
    for (const { server } of fleet) {
      t.is(forwards.get(server)?.machine, backwards.get(server)?.machine);
      const difference = (forwards.get(server)?.cores ?? 0) - (backwards.get(server)?.cores ?? 0);
      t.true(Math.abs(difference) < 1e-9);
    }
  });
});

test('agents of different size on one crowded machine keep their ratios', (t) => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0.5, 1, 2, 4, 8), { minLength: 2, maxLength: 6 }), (sizes) => {
      const servers = sizes.map((effectiveCores, index) =>
        hosted(`s${index}`, `http://127.0.0.1:${index + 1}`, {
          ...{ machine: 'boot-1', machineCores: 2, effectiveCores },
          scope: { kind: 'process', pid: 100 + index },
        }),
      );
      const parts = [...machineParts(servers).values()];
      const [first = 1] = sizes;
      for (const [index, size] of sizes.entries()) {
        t.true(Math.abs((parts[index]?.cores ?? 0) / (parts[0]?.cores ?? 1) - size / first) < 1e-9);
      }
    }),
  );
});
