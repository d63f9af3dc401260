import test from 'ava';
import { Answering } from '../../../controller/serve/answering.ts';
import type { Problem } from '../../../shared/contract/problem.ts';
import type { Status } from '../../../shared/contract/status.ts';
import type { ControllerTraffic } from '../../../shared/contract/traffic.ts';
import { server, status } from '../../support/status.ts';

/** A loop that counts how often its status is looked at. */
function fakeLoop() {
  const loop = {
    looks: 0,
    now: status([server()]) as Status,
    firstProblem: null as Problem | null,
    traffic: { version: 1, instance: 'instance-1', periodMs: 2_000, haproxy: null, backends: [] } as ControllerTraffic,
    get status() {
      loop.looks += 1;
      return loop.now;
    },
  };
  return loop;
}

const textOf = (json: Uint8Array | undefined) => new TextDecoder().decode(json);

test('a status goes over once, and again when there is another one', (t) => {
  const loop = fakeLoop();
  const answering = new Answering(loop);
  const first = answering.answer({ wanted: { status: 0 } }).documents.status;
  t.is(textOf(first?.json), `${JSON.stringify(loop.now)}\n`);
  t.is(answering.answer({ wanted: { status: first?.version ?? 0 } }).documents.status, undefined, 'unchanged');
  loop.now = status([server()], { ticks: 99 });
  const second = answering.answer({ wanted: { status: first?.version ?? 0 } }).documents.status;
  t.regex(textOf(second?.json), /"ticks":99,/);
  t.not(second?.version, first?.version);
});

test('health costs no status', (t) => {
  const loop = fakeLoop();
  const answering = new Answering(loop);
  t.is(answering.answer({ wanted: {} }).waitingFor, null);
  loop.firstProblem = { code: 'socket-missing', where: '/run/a.sock', what: 'there is none' };
  const { waitingFor, documents } = answering.answer({ wanted: {} });
  t.deepEqual([waitingFor, documents, loop.looks], ['/run/a.sock: there is none', {}, 0]);
});

test('what HAProxy counted goes over without the status, with versions of its own', (t) => {
  const loop = fakeLoop();
  const answering = new Answering(loop);
  answering.answer({ wanted: { status: 0 } });
  const first = answering.answer({ wanted: { traffic: 0 } });
  t.deepEqual(Object.keys(first.documents), ['traffic']);
  t.is(textOf(first.documents.traffic?.json), `${JSON.stringify(loop.traffic)}\n`);
  t.deepEqual(answering.answer({ wanted: { traffic: first.documents.traffic?.version ?? 0 } }).documents, {});
  t.is(loop.looks, 1);
});
