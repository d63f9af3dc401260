import test from 'ava';
import { checkPeer, checkShownPeer } from '../../../cli/doctor/checks/peers.ts';
import { controllerUnreachable } from '../../../shared/contract/problems/controller.ts';
import { err, ok } from '../../../shared/contract/result.ts';
import { counted, traffic } from '../../support/traffic.ts';

const url = 'http://10.0.0.2:9478';
const told = traffic(1, [counted()]);
const own = { node: 'lb-a', pid: 1, startedAtSeconds: 1 };

test('a peer that can be learned from is fine', (t) => {
  t.like(checkPeer({ url, answer: ok(told) }, own, ['web']), { level: 'ok', detail: 'answers for web' });
  t.is(checkShownPeer({ url, counts: true, code: null, detail: null, failures: 0 }).level, 'ok');
});

test('what keeps a peer from being learned from is a warning with its reason', (t) => {
  const silent = checkPeer({ url, answer: err(controllerUnreachable(url, 'ECONNREFUSED', null)) }, own, ['web']);
  t.like(silent, { level: 'warning', problem: { code: 'controller-unreachable' } });
  const same = checkPeer({ url, answer: ok({ ...told, haproxy: own }) }, own, ['web']);
  t.like(same, { level: 'warning', problem: { code: 'peer-same' } });
  const other = checkPeer({ url, answer: ok(told) }, own, ['api']);
  t.like(other, { level: 'warning', detail: 'it has none of these backends: api, but web' });
  t.like(checkPeer({ url, answer: ok({ ...told, haproxy: null }) }, own, ['web']), { level: 'warning' });
  const shown = { url, counts: false, code: 'peer-same', detail: `${url}: it is us`, failures: 0 };
  t.like(checkShownPeer(shown), { level: 'warning', detail: shown.detail });
});
