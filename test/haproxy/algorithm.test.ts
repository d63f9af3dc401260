import { mustBeProbed, probeWeights, weightSupport } from '../../haproxy/algorithm.ts';
import type { ServerState } from '../../haproxy/servers-state.ts';
import { renderConfiguration } from '../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../testbed/rig/haproxy-process.ts';
import { codeOf, expectOk, haproxyTest as test, weights } from './setup.ts';

const consistent = 'hash-type consistent';
const mapBased = 'hash-type map-based';

/** balance, hash-type, its name in `show stat` in every version, what that tells, the result of writing a weight. */
const cases = [
  ['roundrobin', null, 'roundrobin', 'dynamic', 'taken'],
  ['leastconn', null, 'leastconn', 'dynamic', 'taken'],
  ['random', null, 'unknown', 'unknown', 'taken'],
  ['random(2)', null, 'unknown', 'unknown', 'taken'],
  ['first', null, 'first', 'ignored', 'taken'],
  ['static-rr', null, 'static-rr', 'static', 'backend-static'],
  ['source', mapBased, 'source', 'depends-on-hash-type', 'backend-static'],
  ['source', consistent, 'source', 'depends-on-hash-type', 'taken'],
  ['uri', mapBased, 'uri', 'depends-on-hash-type', 'backend-static'],
  ['uri', consistent, 'uri', 'depends-on-hash-type', 'taken'],
  ['url_param id', mapBased, 'url_param', 'depends-on-hash-type', 'backend-static'],
  ['url_param id', consistent, 'url_param', 'depends-on-hash-type', 'taken'],
  ['hdr(host)', mapBased, 'hdr', 'depends-on-hash-type', 'backend-static'],
  ['hdr(host)', consistent, 'hdr', 'depends-on-hash-type', 'taken'],
  ['rdp-cookie(id)', mapBased, 'rdp-cookie', 'depends-on-hash-type', 'backend-static'],
  ['rdp-cookie(id)', consistent, 'rdp-cookie', 'depends-on-hash-type', 'taken'],
] as const;

test('each algorithm is called and takes weights as the table says', async (t) => {
  const backends = cases.map(([algorithm, hashType], index) => ({
    name: `b${index}`,
    algorithm,
    lines: hashType === null ? [] : [hashType],
    servers: [
      { name: 's1', address: '127.0.0.1:1' },
      { name: 's2', address: '127.0.0.1:2', weight: 256 },
    ],
  }));
  await using haproxy = await startHaproxy({ configuration: renderConfiguration({ backends }) });
  for (const [index, [algorithm, hashType, called, known, written]] of cases.entries()) {
    const name = `${algorithm} ${hashType ?? ''}`;
    const row = expectOk(await haproxy.api.stats(`b${index}`)).find(({ kind }) => kind === 'backend');
    t.is(row?.algorithm, called, name);
    t.is(weightSupport(called), known, name);
    const probe = probeWeights(expectOk(await haproxy.api.servers(`b${index}`))) ?? [];
    t.deepEqual(probe, [
      { server: 's2', weight: 255 },
      { server: 's2', weight: 256 },
    ]);
    const probed = await haproxy.api.setWeights(`b${index}`, probe);
    t.is(probed.ok ? 'taken' : codeOf(probed), written, `the probe of ${name}`);
    t.deepEqual(await weights(haproxy.api, `b${index}`), { s1: 100, s2: 256 }, `the probe of ${name} leaves nothing`);
    const result = await haproxy.api.setWeights(`b${index}`, [{ server: 's1', weight: 55 }]);
    t.is(result.ok ? 'taken' : codeOf(result), written, name);
  }
});

test('a static algorithm takes 0 and the configured weight, which is what restoring needs', async (t) => {
  const backends = [{ name: 'web', algorithm: 'static-rr', servers: [{ name: 's1', address: '127.0.0.1:1' }] }];
  await using haproxy = await startHaproxy({ configuration: renderConfiguration({ backends }) });
  expectOk(await haproxy.api.setWeights('web', [{ server: 's1', weight: 0 }]));
  expectOk(await haproxy.api.setWeights('web', [{ server: 's1', weight: 100 }]));
  t.is(codeOf(await haproxy.api.setWeights('web', [{ server: 's1', weight: 99 }])), 'backend-static');
});

test('an unlisted algorithm is unknown, and not taken for weighted', (t) => {
  for (const name of [null, '', 'none', 'toString', 'sticky']) t.is(weightSupport(name), 'unknown');
  t.is(weightSupport('random'), 'dynamic');
});

test('only what depends on hash-type, or has a name that is not known here, is probed', (t) => {
  for (const name of ['source', 'uri', 'hdr', 'url_param', 'rdp-cookie', 'hash', 'sticky', 'none'])
    t.true(mustBeProbed(name));
  for (const name of ['roundrobin', 'leastconn', 'first', 'static-rr', 'unknown', null]) t.false(mustBeProbed(name));
});

function serverState(server: string, changes: Partial<ServerState>): ServerState {
  return {
    ...{ backend: 'web', server, address: null, port: null, operationalState: 'running', inStateForMs: 1, upForMs: 1 },
    ...{ adminState: { maintenance: false, drain: false }, weight: 100, configuredWeight: 100 },
    ...changes,
  };
}

for (const [what, changes, near, back] of [
  ['the largest weight', { weight: 256, configuredWeight: 256 }, 255, 256],
  ['weight 1', { weight: 1, configuredWeight: 1 }, 2, 1],
  ['weight 0 of 1', { weight: 0, configuredWeight: 1 }, 2, 0],
  ['weight 0 of 0', { weight: 0, configuredWeight: 0 }, 1, 0],
] as const) {
  test(`a probe at ${what} is neither 0 nor the configured weight`, (t) => {
    t.deepEqual(probeWeights([serverState('s1', changes)]), [
      { server: 's1', weight: near },
      { server: 's1', weight: back },
    ]);
  });
}

test('a probe takes a server without traffic first, and none where the weights tell already', (t) => {
  const maintenance = serverState('s2', {
    adminState: { maintenance: true, drain: false },
    weight: 7,
    configuredWeight: 7,
  });
  t.is(probeWeights([serverState('s1', {}), maintenance])?.[0]?.server, 's2');
  t.deepEqual(
    probeWeights([serverState('s1', {}), serverState('s3', { weight: 55 })]),
    [],
    'HAProxy has taken 55 of 100',
  );
  t.is(probeWeights([serverState('s1', { fault: 'x', weight: 55 })]), null, 'unreadable');
  t.is(probeWeights([]), null);
});
