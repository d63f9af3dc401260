import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ConfigFlags } from '../../../controller/config/flags.ts';
import { loadConfig } from '../../../controller/config/load.ts';
import { configSchema, periodsMs } from '../../../controller/config/schema.ts';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { keysOf } from '../../support/schema-keys.ts';

/** Loads this text as a configuration file. */
function load(yaml: string, flags: ConfigFlags = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'haweight-test-'));
  try {
    const config = join(folder, 'c.yaml');
    writeFileSync(config, yaml);
    return loadConfig({ ...flags, config });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function lineOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ProblemError) return error.message;
    throw error;
  }
  return 'accepted';
}

const web = 'backends: [{name: web}]\n';

const refused: readonly (readonly [title: string, yaml: string, ...words: string[]])[] = [
  ['an unknown key', `${web}polcy: equal\n`, 'polcy', 'unknown key'],
  ['an unknown key within a section', `${web}guard: {marign: 0.1}\n`, 'guard.marign', 'unknown key'],
  ['an unknown key of a backend', 'backends: [{name: web, weight: 1}]\n', 'backends.0.weight', 'unknown key'],
  ['a wrong type', `${web}periodMs: "2s"\n`, 'periodMs', 'number', '"2s"'],
  ['a wrong type of a whole section', `${web}guard: 3\n`, 'guard', 'object'],
  [
    'factors that do not sum to 1',
    `${web}factors: {cpu: 0.5, ram: 0.5, bandwidth: 0.5, threads: 0}\n`,
    'factors',
    'sum to 1',
  ],
  ['a factor left out', `${web}factors: {cpu: 0.5, ram: 0.5}\n`, 'factors.bandwidth', 'got nothing'],
  ['a threshold above 1', `${web}thresholds: {cpu: 80}\n`, 'thresholds.cpu', 'at most 1', '80'],
  ['a threshold of 0', `${web}thresholds: {ram: 0}\n`, 'thresholds.ram', 'above 0'],
  ['a negative threshold', `${web}thresholds: {ram: -0.5}\n`, 'thresholds.ram', 'above 0'],
  ['a threshold that is not a number', `${web}thresholds: {ram: .nan}\n`, 'thresholds.ram', 'number'],
  ['a period that a minute cannot be divided into', `${web}periodMs: 7000\n`, 'periodMs', 'divided', '7000'],
  ['a period under a second', `${web}periodMs: 500\n`, 'periodMs', 'divided'],
  ['an unknown policy', `${web}policy: fastest\n`, 'policy', 'capacity, pick-one, stress, equal, paper'],
  ['an unknown policy in shadow', `${web}shadow: [fastest]\n`, 'shadow.0', 'inverse-load, capacity', '"fastest"'],
  ['the policy in force in shadow', `${web}policy: equal\nshadow: [paper, equal]\n`, 'shadow', 'other than the one in'],
  ['a policy in shadow twice', `${web}shadow: [equal, paper, equal]\n`, 'shadow', 'each policy once'],
  ['a recording without a file', `${web}record: {files: 3}\n`, 'record.file', 'string', 'got nothing'],
  ['a recording that is tiny', `${web}record: {file: /x, maxBytes: 10}\n`, 'record.maxBytes', 'at least 65536', '10'],
  ['a recording of no file', `${web}record: {file: /x, files: 0}\n`, 'record.files', 'at least 1', '0'],
  ['a backend name that does not fit the protocol', 'backends: [{name: "a;b"}]\n', 'backends.0.name', 'letters'],
  [
    'a server name that does not fit the protocol',
    'backends: [{name: web, agents: {"a b": "http://h:1"}}]\n',
    'backends.0.agents',
  ],
  ['the same backend twice', 'backends: [{name: web}, {name: web}]\n', 'backends', 'once'],
  ['no backend', 'backends: []\n', 'backends', 'at least one'],
  ['an agent URL that is none', 'backends: [{name: web, agents: {a: "10.0.0.1"}}]\n', 'agents', 'http://10.0.0.1:9477'],
  ['a template without a place for the address', `${web}agents: {url: "http://x:1"}\n`, 'agents.url', '{address}'],
  [
    'a user and password in an agent URL',
    'backends: [{name: web, agents: {a: "https://u:p@h:1"}}]\n',
    'backends.0.agents.a',
    'without user or password',
    '"https://***@h:1"',
  ],
  [
    'a user and password in the template',
    `${web}agents: {url: "http://u:p@{address}:1"}\n`,
    'agents.url',
    'without user or password',
    '"http://***@{address}:1"',
  ],
  ['a URL that is neither http nor https', `${web}agents: {url: "ftp://{address}"}\n`, 'agents.url', 'http://'],
  ['a certificate without a key', `${web}tls: {cert: /c}\n`, 'tls.key', 'got nothing'],
  ['a CA for clients alone', `${web}tls: {clientCa: /c}\n`, 'tls.cert', 'got nothing'],
  [
    'our certificate for agents without its key',
    `${web}agents: {url: "https://{address}:1", tls: {cert: /c}}\n`,
    'agents.tls',
    'cert and key together',
  ],
  ['TLS for agents that are asked in plain text', `${web}agents: {tls: {ca: /c}}\n`, 'agents.url', 'https://'],
  [
    'a way to switch verification off',
    `${web}agents: {url: "https://{address}:1", tls: {verify: none}}\n`,
    'agents.tls.verify',
    'address, server',
  ],
  ['a peer that is no URL', `${web}peers: {urls: ["10.0.0.2"]}\n`, 'peers.urls.0', 'http://10.0.0.2:9478'],
  ['a user and password in a peer', `${web}peers: ["http://u:p@h:1"]\n`, 'peers.urls.0', '"http://***@h:1"'],
  ['the same peer twice', `${web}peers: ["http://h:1", "http://h:1/"]\n`, 'peers.urls', 'each peer once'],
  ['TLS for peers that are asked in plain text', `${web}peers: {urls: ["http://h:1"], tls: {ca: /c}}\n`, 'peers.urls'],
  [
    'our certificate for peers without its key',
    `${web}peers: {urls: ["https://h:1"], tls: {cert: /c}}\n`,
    'peers.tls',
    'cert and key together',
  ],
  ['a key given twice', `${web}policy: equal\npolicy: paper\n`, 'not valid YAML', 'unique'],
  ['a key given twice further down', `guard: { floor: 0.1, "floor": 0.2 }\n${web}`, 'unique', 'line 1, column 22'],
  ['a file that is a list', '- web\n', 'not a configuration', 'a list'],
  ['broken YAML', 'backends: [\n', 'not valid YAML'],
  [
    'aliases that stand for far more than the file holds',
    `a: &a [${'x,'.repeat(20)}x]\nb: &b [${'*a,'.repeat(20)}*a]\nc: [${'*b,'.repeat(20)}*b]\n`,
    'few and known aliases',
    'Excessive alias count',
  ],
  ['an alias of nothing', 'backends: *web\n', 'is not valid YAML', 'Unresolved alias'],
  ['a file that is too large', `${web}#${'x'.repeat(1024 * 1024)}\n`, 'cannot be read', 'over 1 MiB'],
];

const mistyped: readonly (readonly [yaml: string, ...words: string[]])[] = [
  ['backend: [{name: web}]\n', ': backend: unknown key', 'Did you mean backends?'],
  [`${web}polcy: equal\n`, ': polcy: unknown key', 'one of haproxy, backends,', 'Did you mean policy?'],
  [`${web}guard: {marign: 0.1}\n`, 'guard.marign', 'one of returnMargin, maxDrainedShare, ejectMs'],
  [`${web}guard: {deadbnd: 0.1}\n`, 'guard.deadbnd', 'Did you mean deadband?'],
  ['backends: [{nmae: web}]\n', 'backends.0.nmae: unknown key', 'Did you mean name?'],
  [`${web}record: {flie: /x}\n`, 'record.flie: unknown key', 'Did you mean file?'],
  [`${web}tls: {certs: /c, key: /k}\n`, 'tls.certs: unknown key', 'one of cert, key, clientCa', 'Did you mean cert?'],
  [`${web}factors: {cpus: 0.5, ram: 0.3, bandwidth: 0.15, threads: 0.05}\n`, 'factors.cpus', 'Did you mean cpu?'],
  [`${web}socket: /x\n`, ': socket: unknown key', 'Did you mean haproxy.socket?'],
  [`${web}cpuThreshold: 0.5\n`, 'Did you mean policies.pickOne.cpuThreshold?'],
  [`${web}policy: capcity\n`, ': policy: ', '"capcity"', 'Did you mean capacity?'],
  [`${web}shadow: [eqal]\n`, ': shadow.0: ', 'Did you mean equal?'],
  [`${web}onExit: restor\n`, ': onExit: ', 'Did you mean restore?'],
  [`${web}whatever: 1\n`, 'whatever: unknown key', 'Check its spelling and place against docs/configuration.md'],
];
for (const [yaml, ...words] of mistyped) {
  test(`what was probably meant is named: ${yaml.trim().replaceAll('\n', ' ')}`, (t) => {
    const line = lineOf(() => load(yaml));
    for (const word of words) t.true(line.includes(word), line);
  });
}

const otherUnits: readonly (readonly [yaml: string, hint: string])[] = [
  ['thresholds: {cpu: 80}', 'got 80. 0.8 is 80 %.'],
  ['thresholds: {cpu: "80 %"}', 'got "80 %". 0.8 is 80 %.'],
  ['guard: {deadband: 5}', '0.05 is 5 %.'],
  ['guard: {floor: 5%}', '0.05 is 5 %.'],
  ['factors: {cpu: 50, ram: 30, bandwidth: 15, threads: 5}', '0.5 is 50 %.'],
  ['periodMs: 2s', 'got "2s". 2 s is 2000.'],
  ['agents: {timeoutMs: 0.5 s}', '0.5 s is 500.'],
  ['guard: {ejectMs: 1 minute}', '1 minute is 60000.'],
  ['agents: {timeoutMs: soon}', 'lists every key'],
  ['guard: {floor: 300}', 'lists every key'],
];
for (const [yaml, hint] of otherUnits) {
  test(`a value in other units is converted: ${yaml}`, (t) => {
    const line = lineOf(() => load(`${web}${yaml}\n`));
    t.true(line.includes(hint), line);
  });
}

for (const [title, yaml, ...words] of refused) {
  test(`${title} is refused in one line that names the place`, (t) => {
    const line = lineOf(() => load(yaml));
    for (const word of words) t.true(line.includes(word), line);
    t.false(line.includes('\n'));
  });
}

test('a file that does not exist is named', (t) => {
  const line = lineOf(() => loadConfig({ config: '/nonexistent/c.yaml' }));
  t.true(line.includes('/nonexistent/c.yaml') && line.includes('ENOENT'), line);
});

test('a directory, and a device that never ends, are not configurations', (t) => {
  t.regex(
    lineOf(() => loadConfig({ config: tmpdir() })),
    /cannot be read; expected a YAML file, got EISDIR$/,
  );
  t.regex(
    lineOf(() => loadConfig({ config: '/dev/zero' })),
    /^\/dev\/zero: cannot be read; .*over 1 MiB$/,
  );
});

test("without a file, a backend is all that is needed; the defaults are the publication's and design's", (t) => {
  const config = loadConfig({ backend: ['web'] });
  t.deepEqual(config.factors, { cpu: 0.5, ram: 0.3, bandwidth: 0.15, threads: 0.05 });
  t.deepEqual(config.thresholds, { cpu: 0.8, ram: 0.8, bandwidth: 0.8, threads: 0.85, tcpQueues: 0.9 });
  t.is(config.periodMs, 2_000);
  t.is(config.policy, 'adaptive');
  t.is(config.listen, undefined, 'the usual port, or for a dry run any other if that is in use');
});

test('without a backend the line says how to name one', (t) => {
  t.true(lineOf(() => loadConfig({})).includes('--backend NAME'));
});

test('flags win over the file, and a message about a flag names the flag', (t) => {
  t.is(load(`${web}policy: paper\n`, { policy: 'equal' }).policy, 'equal');
  const line = lineOf(() => load(web, { policy: 'fastest' }));
  t.true(line.startsWith('--policy:'), line);
});

test('shadows and the recording by flags; a message about them names the flag', (t) => {
  t.deepEqual(load(web, { shadow: ['equal', 'paper'] }).shadow, ['equal', 'paper']);
  t.deepEqual(load(web).shadow, []);
  t.is(load(web).record, undefined);
  t.deepEqual(load(web, { record: '/x' }).record, { file: '/x', maxBytes: 67_108_864, files: 5 });
  t.deepEqual(load(`${web}record: {file: /y, files: 2}\n`, { record: '/x' }).record, {
    file: '/x',
    maxBytes: 67_108_864,
    files: 2,
  });
  t.regex(
    lineOf(() => load(web, { shadow: ['equal', 'fastest'] })),
    /^--shadow: .*"fastest"/,
  );
  t.regex(
    lineOf(() => load(web, { policy: 'equal', shadow: ['equal'] })),
    /^--shadow: .*\["equal"\]/,
  );
  t.regex(
    lineOf(() => load(web, { record: '' })),
    /^--record: /,
  );
});

test('TLS by flags, over the file; a message about them names the flag', (t) => {
  const yaml = `${web}agents: {url: "https://{address}:1", tls: {ca: /a, verify: server}}\ntls: {cert: /c, key: /k}\n`;
  const config = load(yaml, { agentCaFile: '/b', tlsClientCa: '/d' });
  t.deepEqual(config.agents.tls, { ca: '/b', verify: 'server' });
  t.deepEqual(config.tls, { cert: '/c', key: '/k', clientCa: '/d' });
  const own = { agentUrl: 'https://{address}:1', agentCertFile: '/c', agentKeyFile: '/k' };
  t.deepEqual(load(web, own).agents.tls, { cert: '/c', key: '/k', verify: 'address' });
  t.regex(
    lineOf(() => load(web, { tlsCert: '', tlsKey: '/k' })),
    /^--tls-cert: /,
  );
  t.deepEqual(load('backends: [{name: web, agents: {a: "https://h:1/x@y"}}]\n').backends[0]?.agents, {
    a: 'https://h:1/x@y',
  });
});

test('--backend picks from the file and keeps what it says of that backend', (t) => {
  const yaml = 'backends: [{name: web, agents: {a: "http://h:1"}}, {name: api}]\n';
  t.deepEqual(load(yaml, { backend: ['web'] }).backends, [{ name: 'web', agents: { a: 'http://h:1' } }]);
});

test('--agent adds to the file; with several backends it must name one', (t) => {
  const two = 'backends: [{name: web}, {name: api}]\n';
  t.deepEqual(load(web, { agent: ['a=http://h:1'] }).backends, [{ name: 'web', agents: { a: 'http://h:1' } }]);
  t.deepEqual(load(two, { agent: ['api/a=http://h:1'] }).backends[1]?.agents, { a: 'http://h:1' });
  t.true(lineOf(() => load(two, { agent: ['a=http://h:1'] })).includes('BACKEND/SERVER=URL'));
  t.true(lineOf(() => load(web, { agent: ['nonsense'] })).includes('SERVER=URL'));
});

test('the periods that are accepted divide a minute', (t) => {
  t.true(periodsMs.every((period) => 60_000 % period === 0));
});

test('docs/configuration.md has every key, and no other', (t) => {
  const text = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  const documented = [...text.matchAll(/^\| `([A-Za-z[\].]+)` \|/gm)].map(([, key]) => key ?? '');
  t.deepEqual(documented.toSorted(), keysOf(configSchema).toSorted());
});

test('names to allow as Host come from the file or the flag, and each must be one', (t) => {
  t.deepEqual(loadConfig({ backend: ['web'], allowHost: ['a.example', '[::1]'] }).allowHosts, ['a.example', '[::1]']);
  const error = t.throws(() => loadConfig({ backend: ['web'], allowHost: ['a.example:80'] }));
  t.regex(error?.message ?? '', /^--allow-host: invalid value; expected names or addresses without a port, got/);
});

test('peers: a list is short for urls, --peer replaces them, and the flags of their token and TLS are named', (t) => {
  const list = `${web}peers: ["https://10.0.0.2:9478/"]\n`;
  t.like(load(list).peers, { urls: ['https://10.0.0.2:9478'], timeoutMs: 1_000 });
  const flags = { peer: ['https://h:1', 'https://h:2'], peerTokenFile: '/t', peerCaFile: '/ca' };
  t.like(load(list, flags).peers, { urls: flags.peer, tokenFile: '/t', tls: { ca: '/ca' } });
  t.like(
    load(`${web}peers: {timeoutMs: 500, tls: {ca: /a}}\n`, {
      peer: ['https://h:1'],
      peerCertFile: '/c',
      peerKeyFile: '/k',
    }).peers,
    {
      timeoutMs: 500,
      tls: { ca: '/a', cert: '/c', key: '/k' },
    },
  );
  t.regex(
    lineOf(() => load(web, { peer: ['h:1'] })),
    /--peer: invalid value/,
  );
});
