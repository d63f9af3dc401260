import { readFileSync } from 'node:fs';
import test from 'ava';
import { type ServerStatus, type Status, statusVersion } from '../../contract/status.ts';
import { renderMetrics } from '../../controller/metrics.ts';

const server: ServerStatus = {
  server: 's1',
  address: '10.0.0.1',
  haproxyStatus: 'UP',
  exclusion: null,
  configuredWeight: 100,
  weightBefore: 100,
  weight: 180,
  written: true,
  share: 0.25,
  drained: false,
  load: 0.4,
  delta: 0.1,
  effectiveCores: 2,
  utilisation: { cpu: 0.61, ram: null, bandwidth: null, threads: null, tcpQueues: null },
  agent: { url: 'http://10.0.0.1:9477', state: 'fresh', ageMs: 400, code: null, detail: null, failures: 3 },
  traffic: null,
  inFlight: 0,
  reasons: [],
};
const status: Status = {
  version: statusVersion,
  policy: 'inverse-load',
  dryRun: false,
  periodMs: 2_000,
  startedAtMs: 0,
  lastTickAtMs: 1_700_000_000_000,
  lastTickDurationMs: 5,
  ticks: 10,
  skippedTicks: 1,
  weightsWritten: 3,
  haproxy: { socket: '/s', version: '2.6.12', problem: null },
  waitingFor: null,
  backends: [{ backend: 'web', algorithm: 'roundrobin', problem: null, servers: [server] }],
};

test('the status as Prometheus metrics: labels, base units, and nothing for what is unknown', async (t) => {
  const lines = (await renderMetrics(status)).split('\n');
  t.true(lines.includes('haweight_server_weight{backend="web",server="s1"} 180'));
  t.true(lines.includes('haweight_server_utilisation_ratio{backend="web",server="s1",metric="cpu"} 0.61'));
  t.true(lines.includes('haweight_agent_failures_total{backend="web",server="s1"} 3'));
  t.true(lines.includes('haweight_last_tick_duration_seconds 0.005'));
  t.true(lines.includes('haweight_ticks_skipped_total 1'));
  t.false(lines.some((line) => line.includes('metric="ram"')));
});

test('docs/metrics.md lists every metric of the controller, and no other', async (t) => {
  const text = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const [, section = ''] = text.split('## Prometheus, of the controller');
  const documented = [...section.matchAll(/^\| `(haweight_[a-z_]+)` \|/gm)].map(([, name]) => name);
  const served = [...(await renderMetrics(status)).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  t.deepEqual(documented.toSorted(), served.toSorted());
});
