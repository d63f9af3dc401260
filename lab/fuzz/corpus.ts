import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { PolicyName } from '../../shared/contract/policy-names.ts';
import { recordingOf } from '../../test/controller/record/support.ts';
import { observed } from '../../test/controller/support/build.ts';
import { statColumns, stateReply, statReply, statRows } from '../../test/haproxy/recorded.ts';
import { snapshot } from '../../test/support/snapshot.ts';
import { server, status } from '../../test/support/status.ts';
import { counted, traffic } from '../../test/support/traffic.ts';

type Inputs = readonly [Buffer, ...Buffer[]];

const root = new URL('../..', import.meta.url).pathname;

export function fileOf(path: string): Buffer {
  return readFileSync(root + path);
}

function jsonOf(...values: readonly [unknown, ...unknown[]]): Inputs {
  const [first, ...rest] = values.map((value) => Buffer.from(`${JSON.stringify(value)}\n`));
  return [first ?? Buffer.alloc(0), ...rest];
}

export const snapshots = jsonOf(
  snapshot(),
  snapshot({ server: 'web1', scope: { kind: 'cgroup', version: 2, path: '/system.slice/app.service' } }),
  snapshot({ scope: { kind: 'process', pid: 700, port: 8080 }, effectiveCores: 0.5 }),
  snapshot({
    ...{ machine: 'b1c2d3e4-0000-4000-8000-000000000001', machineCores: 8 },
    pressure: { cpu: { some: 0.1, full: null }, memory: { some: 0, full: 0 }, io: null },
    memoryEvents: { high: 1, max: 2, oom: 3, oomKill: 4 },
  }),
  // the version before, and a later one with forms that this version does not know
  { ...snapshot(), version: 1 },
  {
    ...snapshot(),
    version: 9,
    scope: { kind: 'pod' },
    pressure: 7,
    metrics: { ...snapshot().metrics, ram: { status: 'x' } },
  },
);

/** What controllers tell each other: two readings of one. */
export const counters = jsonOf(
  traffic(1_000, [counted({ ok: 100, started: 120 }), counted({ server: 'web2', address: '10.0.0.2' })]),
  traffic(3_000, [
    counted({ ok: 180, clientErrors: 40, started: 210, inFlight: 7 }),
    counted({ server: 'web2', address: '10.0.0.2', ok: 60, started: 60 }),
  ]),
);

/** Replies recorded from HAProxy 2.6.12, and replies of other versions built from their column lists. */
export const haproxyReplies: Inputs = [
  fileOf('lab/fuzz/corpus/show-servers-state.txt'),
  fileOf('lab/fuzz/corpus/show-stat.txt'),
  fileOf('lab/fuzz/corpus/show-info.txt'),
  fileOf('lab/fuzz/corpus/show-cli-level.txt'),
  fileOf('lab/fuzz/corpus/no-such-backend.txt'),
  fileOf('lab/fuzz/corpus/no-such-server.txt'),
  fileOf('lab/fuzz/corpus/unknown-command.txt'),
  fileOf('lab/fuzz/corpus/set-weights.txt'),
  fileOf('test/haproxy/field/disabled-slots.state.txt'),
  fileOf('test/haproxy/field/srv-records.state.txt'),
  fileOf('test/haproxy/field/level-number.txt'),
  fileOf('test/haproxy/field/nbproc.info.txt'),
  Buffer.from(stateReply),
  ...Object.values(statColumns).map((columns) => Buffer.from(statReply(columns, statRows))),
];

function yamlBlocks(path: string): readonly Buffer[] {
  const blocks = fileOf(path)
    .toString('utf8')
    .matchAll(/```yaml\n(.*?)```/gs);
  return Array.from(blocks, ([, text = '']) => Buffer.from(text));
}

const strange = `%YAML 1.1
---
backends: &b
  - &w { name: web, agents: { "web1": "http://10.0.0.1:9477" } }
  - <<: *w
    name: !!str api
? periodMs
: 0x7d0
factors: !!map { cpu: .5, ram: 3e-1, bandwidth: 0.15, threads: 0.05 }
tokenFile: !!binary aGVsbG8=
listen: |-
  127.0.0.1:0
`;

export const configurations: Inputs = [
  fileOf('lab/fuzz/corpus/controller.yaml'),
  ...yamlBlocks('docs/configuration.md'),
  Buffer.from(strange),
  Buffer.from('{"backends":[{"name":"web"}],"shadow":["capacity","stress"]}'),
];

export const experiments: Inputs = [
  fileOf('lab/fuzz/corpus/experiment.yaml'),
  ...yamlBlocks('docs/simulation.md'),
  Buffer.from('fleet: het\nscenario: noisy\nload: 0.85\nseeds: 2\npolicy: [none, oracle]\n'),
];

const ratio = fc.nat(1_000).map((thousandths) => thousandths / 1_000);
const observation = fc.record({
  utilisation: fc.record({
    cpu: ratio,
    ram: ratio,
    bandwidth: fc.constant(null),
    threads: ratio,
    tcpQueues: ratio.map((value) => value / 2),
  }),
  traffic: fc.record({ ok: fc.nat(499), errors: fc.nat(3), clientErrors: fc.constant(0) }),
  stale: fc.nat(9).map((drawn) => drawn === 0),
  cores: fc.integer({ min: 1, max: 4 }),
});
const tick = fc
  .tuple(...['web1', 'web2', '__proto__'].map((name) => observation.map((each) => observed(name, each))))
  .map((observations) => ({ elapsedMs: 2_000, observations }));

/** Three servers with random load, whose agents do not always answer, decided by real policies. */
export const recordings: Inputs = [
  recordingBy('inverse-load', 12),
  recordingBy('capacity', 4),
  recordingBy('paper', 3),
  versionsApart(),
];

/** A tick of the version before, and one of a later version with fields that this one does not know. */
function versionsApart(): Buffer {
  const [older = ''] = fileOf('test/controller/record/field/version-1.jsonl').toString('utf8').split('\n');
  const tick = JSON.parse(recordingBy('equal', 1).toString('utf8'));
  const newer = {
    ...tick,
    haweightRecording: 9,
    run: tick.run + 1,
    mood: 'good',
    observations: [{ ...tick.observations[0], x: 1 }],
  };
  return Buffer.from(`${older}\n${JSON.stringify(newer)}\n`);
}

function recordingBy(policy: PolicyName, ticks: number): Buffer {
  const rows = fc.sample(tick, { seed: ticks, numRuns: ticks, unbiased: true });
  const lines = recordingOf(rows, policy).map((record) => JSON.stringify(record));
  return Buffer.from(`${lines.join('\n')}\n`);
}

const resultFile = (name: string) => fileOf(`test/cli/jtl/files/${name}`);

export const resultFiles: Inputs = [
  resultFile('jmeter-2.13-controllers.jtl'),
  resultFile('appended-other-order.jtl'),
  resultFile('unquoted-comma.jtl'),
  resultFile('latin1-label.jtl'),
  resultFile('no-header-pipe.jtl'),
  resultFile('timestamps-as-dates.jtl'),
  resultFile('resaved-by-spreadsheet.csv'),
];

export const statuses = jsonOf(
  status([server(), server({ server: 'web2', drained: true, traffic: null })]),
  status([
    server({
      agent: { ...server().agent, asked: false, notes: ['out of rotation'] },
      sharesMachineWith: ['web2', 'web3'],
      pressure: { cpu: { some: 0.12, full: null }, memory: { some: 0, full: 0 }, io: null },
      memoryEvents: { high: 1, max: 2, oom: 3, oomKill: 4 },
    }),
  ]),
  status([server({ agent: { ...server().agent, state: 'stale', code: 'agent-timeout', detail: 'no answer' } })]),
);
