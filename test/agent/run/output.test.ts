import { readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { formatFacts } from '../../../agent/run/host-facts.ts';
import { formatReport } from '../../../agent/run/report.ts';
import { families, prometheusText } from '../../../agent/serve/prometheus.ts';
import { type Scope, unavailableReasons } from '../../../shared/contract/snapshot.ts';
import { snapshot } from '../../support/snapshot.ts';

const timing = { ageMs: 120, samples: 3, durationMs: () => 2 };
const document = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');

test('Prometheus gets base units, and no series where a metric is unknown', (t) => {
  const text = prometheusText(snapshot({ server: 'a"b' }), timing);
  t.regex(text, /^haweight_agent_cpu_utilisation_ratio 0\.5$/m);
  t.regex(text, /^haweight_agent_ram_limit_bytes 4000$/m);
  t.regex(text, /^haweight_agent_snapshot_age_seconds 0\.12$/m);
  t.regex(text, /^haweight_agent_collector_success\{collector="cpu"\} 1$/m);
  t.regex(text, /^haweight_agent_collector_success\{collector="bandwidth"\} 0$/m);
  t.regex(text, /server="a\\"b"/);
  t.notRegex(text, /bandwidth_utilisation_ratio|NaN|undefined/);
});

const shortage = {
  pressure: { cpu: { some: 0.12, full: null }, memory: { some: 1, full: 0.5 }, io: null },
  memoryEvents: { high: 7, max: 31, oom: 2, oomKill: 1 },
};

test('Prometheus gets pressure and memory events where the kernel has them', (t) => {
  const text = prometheusText(snapshot(shortage), timing);
  const lines = text.split('\n').filter((line) => /^haweight_agent_(pressure|memory_events)/.test(line));
  t.deepEqual(lines, [
    'haweight_agent_pressure_ratio{resource="cpu",kind="some"} 0.12',
    'haweight_agent_pressure_ratio{resource="memory",kind="some"} 1',
    'haweight_agent_pressure_ratio{resource="memory",kind="full"} 0.5',
    'haweight_agent_memory_events_total{event="high"} 7',
    'haweight_agent_memory_events_total{event="max"} 31',
    'haweight_agent_memory_events_total{event="oom"} 2',
    'haweight_agent_memory_events_total{event="oom_kill"} 1',
  ]);
  t.notRegex(prometheusText(snapshot(), timing), /pressure|memory_events/);
});

test('Prometheus gets what was refused, by kind', (t) => {
  const text = prometheusText(snapshot(), timing, new Map([['connections', 2]]));
  t.regex(text, /^haweight_agent_clients_refused_total\{kind="connections"\} 2$/m);
});

test('every series has a valid Prometheus name, and is documented', (t) => {
  for (const [name, { type, help }] of Object.entries(families)) {
    t.regex(name, /^[a-z][a-z_]*$/);
    t.is(type === 'counter', name.endsWith('_total'), name);
    t.true(help.endsWith('.'), name);
    t.true(document.includes(`\`haweight_agent_${name}\``), name);
  }
});

test('every reason for an unknown metric is documented', (t) => {
  for (const reason of Object.keys(unavailableReasons)) t.true(document.includes(`\`${reason}\``), reason);
});

const expectedReport = `\
vm1: the host
  2.00 cores, window 2.0 s
  Debian 12, kernel 6.1

CPU         50.0 % 2.00 of 4.00 core-seconds, stolen 0.00
RAM         25.0 % 1000 B of 3.9 KiB
bandwidth  unknown no-limit
                   no link speed
threads     10.0 % 10 of 100 (limit: configured)
TCP queues  75.0 % fullest of 2 sockets
                   Recv-Q 25.0 %: 25 B of 100 B
                     127.0.0.1:80 <- 127.0.0.1:9
                   Send-Q 75.0 %: 75 B of 100 B
                     127.0.0.1:80 <- 127.0.0.1:9
                   accept 10.0 %: 1 of 10 connections
                     127.0.0.1:80`;

test('the table has values, their parts and what is unknown', (t) => {
  t.is(formatReport(snapshot(), ['Debian 12, kernel 6.1']), expectedReport);
});

test('the table tells a real shortage from a full cache', (t) => {
  t.is(
    formatReport(snapshot(shortage), ['Debian 12, kernel 6.1']),
    `${expectedReport}
pressure           cpu 12 % / -, memory 100 % / 50 %, io unknown
                   (some / all tasks waited, of the last 10 s)
memory events      high 7, max 31, oom 2, oom_kill 1`,
  );
});

test('the table fits 80 columns for any names', (t) => {
  const name = fc.string({ minLength: 1, maxLength: 255 }).filter((text) => !text.includes('\n'));
  fc.assert(
    fc.property(name, name, (host, path) => {
      const scope = { kind: 'cgroup', version: 2, path } as const;
      const stalled = { some: 1, full: 1 };
      const pressure = { cpu: stalled, memory: stalled, io: stalled };
      const text = formatReport({ ...snapshot(shortage), pressure, host, scope }, [path]);
      return text.split('\n').every((line) => line.length <= 80);
    }),
    { seed: 1 },
  );
  t.pass();
});

test('unknown facts are left out', (t) => {
  t.deepEqual(formatFacts({}), []);
  t.deepEqual(
    formatFacts({
      osInfo: { distro: 'Debian', release: '12', kernel: '6.1', arch: 'x64' },
      cpu: { brand: 'EPYC', cores: 2 },
      system: { virtual: true, virtualHost: 'KVM' },
    }),
    ['Debian 12, kernel 6.1 x64', '2 x EPYC, virtual machine (KVM)'],
  );
});

test('for a group without a quota on a full machine it says what the neighbours use', (t) => {
  const { metrics } = snapshot();
  const cpu = {
    status: 'ok',
    utilisation: 1,
    raw: { busyCoreSeconds: 0.02, availableCoreSeconds: 0.02, stealCoreSeconds: 0 },
  } as const;
  const group = { kind: 'cgroup', version: 2, path: '/' } as const;
  const report = (scope: Scope) => formatReport(snapshot({ scope, metrics: { ...metrics, cpu } }), []);
  t.regex(
    report(group).replaceAll(/\n +/g, ' '),
    /CPU +100.0 % 0.02 of 0.02 core-seconds, stolen 0.00 neighbours leave it 0.01 of 2.00 cores, and there is no quota: .* --cores/,
  );
  t.notRegex(report({ kind: 'host' }), /neighbours/);
  t.notRegex(formatReport(snapshot({ scope: group }), []), /neighbours/);
});
