import { readFileSync } from 'node:fs';
import test from 'ava';
import { renderMetrics } from '../../../controller/serve/metrics.ts';
import type { ServerStatus } from '../../../shared/contract/status.ts';
import { server, status } from '../../support/status.ts';

const shown = status([server({ agent: { ...server().agent, failures: 3 } })], {
  skippedTicks: 1,
  looks: { count: 40, costMs: 15, everyMs: 300 },
  peers: [{ url: 'http://b:1', counts: false, code: 'peer-same', detail: 'it is us', failures: 0 }],
});

const backendOf = (servers: readonly ServerStatus[]) => {
  return { backends: status(servers).backends.map((each) => ({ ...each, ejections: 3 })) };
};

test('the status as Prometheus metrics: labels, base units, and nothing for what is unknown', async (t) => {
  const lines = (await renderMetrics(shown)).split('\n');
  t.true(lines.includes('haweight_server_weight{backend="web",server="web1"} 180'));
  t.true(lines.includes('haweight_server_utilisation_ratio{backend="web",server="web1",metric="cpu"} 0.61'));
  t.true(lines.includes('haweight_agent_failures_total{backend="web",server="web1"} 3'));
  t.true(lines.includes('haweight_last_tick_duration_seconds 0.005'));
  t.true(lines.includes('haweight_ticks_skipped_total 1'));
  t.true(lines.includes('haweight_peer_up{peer="http://b:1"} 0'));
  t.false(lines.some((line) => line.includes('metric="bandwidth"')));
});

test('a weight that is left to another writer shows', async (t) => {
  const left = server({ server: 'web2', reasons: [{ code: 'contested', wanted: 9, waitTicks: 2 }] });
  const lines = (await renderMetrics(status([server(), left]))).split('\n');
  t.true(lines.includes('haweight_server_contested{backend="web",server="web1"} 0'));
  t.true(lines.includes('haweight_server_contested{backend="web",server="web2"} 1'));
});

test('servers that are ejected show, how often that was, and what looks cost', async (t) => {
  const out = (['open', 'probing', null] as const).map((breaker) => server({ server: `${breaker}`, breaker }));
  const text = await renderMetrics({ ...shown, ...backendOf(out) });
  t.regex(text, /^haweight_server_ejected\{backend="web",server="open"\} 1$/m);
  t.regex(text, /^haweight_server_ejected\{backend="web",server="probing"\} 1$/m);
  t.notRegex(text, /^haweight_server_ejected.*null/m, 'an older controller does not say');
  t.regex(await renderMetrics(shown), /^haweight_server_ejected\{backend="web",server="web1"\} 0$/m);
  t.regex(text, /^haweight_ejections_total\{backend="web"\} 3$/m);
  t.regex(text, /^haweight_looks_total 40$/m);
  t.regex(text, /^haweight_look_duration_seconds 0.015$/m);
  t.regex(text, /^haweight_look_interval_seconds 0.3$/m);
  t.notRegex(await renderMetrics(status([server()])), /haweight_look/, 'before the first look');
});

test('what the status API has refused is counted by kind', async (t) => {
  const text = await renderMetrics(shown, new Map([['rate', 7]]));
  t.regex(text, /^haweight_clients_refused_total\{kind="rate"\} 7$/m);
});

test('docs/metrics.md lists every metric of the controller, and no other', async (t) => {
  const text = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const [, section = ''] = text.split('## Prometheus, of the controller');
  const documented = [...section.matchAll(/^\| `(haweight_[a-z_]+)` \|/gm)].map(([, name]) => name);
  const served = [...(await renderMetrics(shown)).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  t.deepEqual(documented.toSorted(), served.toSorted());
});
