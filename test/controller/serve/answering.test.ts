import test from 'ava';
import { Answering } from '../../../controller/serve/answering.ts';
import type { Problem } from '../../../shared/contract/problem.ts';
import type { Status } from '../../../shared/contract/status.ts';
import { server, status } from '../../support/status.ts';

/** A loop that counts how often its status is looked at. */
function fakeLoop() {
  const loop = {
    looks: 0,
    now: status([server()]) as Status,
    firstProblem: null as Problem | null,
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
  const first = answering.answer({ wantsStatus: true, version: 0 }).status;
  t.is(textOf(first?.json), `${JSON.stringify(loop.now)}\n`);
  t.is(answering.answer({ wantsStatus: true, version: first?.version ?? 0 }).status, null, 'unchanged');
  loop.now = status([server()], { ticks: 99 });
  const second = answering.answer({ wantsStatus: true, version: first?.version ?? 0 }).status;
  t.regex(textOf(second?.json), /"ticks":99,/);
  t.not(second?.version, first?.version);
});

test('health costs no status', (t) => {
  const loop = fakeLoop();
  const answering = new Answering(loop);
  t.is(answering.answer({ wantsStatus: false, version: 0 }).waitingFor, null);
  loop.firstProblem = { code: 'socket-missing', where: '/run/a.sock', what: 'there is none' };
  const { waitingFor, status: none } = answering.answer({ wantsStatus: false, version: 0 });
  t.deepEqual([waitingFor, none, loop.looks], ['/run/a.sock: there is none', null, 0]);
});
