import test from 'ava';
import { checkController } from '../../../cli/doctor/checks/controller.ts';
import { controllerSilent, controllerUnreachable } from '../../../shared/contract/problems/controller.ts';
import { err, ok } from '../../../shared/contract/result.ts';
import type { Status } from '../../../shared/contract/status.ts';
import { server, status } from '../../support/status.ts';
import { lines } from './support.ts';

const url = 'http://127.0.0.1:9478';
const tickAtMs = 1_700_000_000_000;

function found(changes: Partial<Status>, laterMs = 500) {
  return lines(
    checkController(url, ok({ status: status([server()], changes), answeredAt: tickAtMs + laterMs }), ['web']),
  );
}

test('a controller that ticks is fine, by its own clock', (t) => {
  t.deepEqual(found({}), ['ok controller: inverse-load, 10 ticks, the last one 0.5 s ago']);
  // HTTP's date has whole seconds
  t.deepEqual(found({}, -400), ['ok controller: inverse-load, 10 ticks, the last one 0.0 s ago']);
});

test('a controller whose last tick is older than three periods, or that never ticked, is a failure', (t) => {
  t.regex(
    found({}, 6_500)[0] ?? '',
    /^failure controller: .*does not tick; expected a tick every 2\.0 s, got the last one 6\.5 s/,
  );
  t.regex(
    found({ lastTickAtMs: null, startedAtMs: tickAtMs }, 9_000)[0] ?? '',
    /^failure .*none since its start 9\.0 s ago/,
  );
});

test('a dry run, skipped and slow ticks, what it waits for and a backend that it does not manage are warnings', (t) => {
  const changes = { dryRun: true, skippedTicks: 3, slowTicks: 'too slow', waitingFor: 'x: no such socket' };
  const more = found({ ...changes, backends: [] }).slice(1);
  t.deepEqual(more, [
    'warning controller: dry run: it writes nothing',
    'warning controller: 3 ticks skipped, because earlier ones took too long',
    'warning controller: too slow',
    'warning controller: waiting: x: no such socket',
    'warning controller: does not manage web',
  ]);
});

test('no controller is a warning; one that does not answer is a failure', (t) => {
  const absent = checkController(url, err(controllerUnreachable(url, 'ECONNREFUSED', null)), ['web']);
  t.deepEqual(lines(absent), [`warning controller: none answers at ${url}`]);
  t.regex(
    lines(checkController(url, err(controllerSilent(url, 3_000)), ['web']))[0] ?? '',
    /^failure .*did not answer in time/,
  );
});
