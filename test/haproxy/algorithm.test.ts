import { weightSupport } from '../../haproxy/algorithm.ts';
import { renderConfiguration } from '../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../testbed/rig/haproxy-process.ts';
import { codeOf, expectOk, haproxyTest as test } from './setup.ts';

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
    servers: [{ name: 's1', address: '127.0.0.1:1' }],
  }));
  await using haproxy = await startHaproxy({ configuration: renderConfiguration({ backends }) });
  for (const [index, [algorithm, hashType, called, known, written]] of cases.entries()) {
    const name = `${algorithm} ${hashType ?? ''}`;
    const row = expectOk(await haproxy.api.stats(`b${index}`)).find(({ kind }) => kind === 'backend');
    t.is(row?.algorithm, called, name);
    t.is(weightSupport(called), known, name);
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
