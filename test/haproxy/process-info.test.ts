import test from 'ava';
import { isSameProcess, parseInfo, parseLevel } from '../../haproxy/process-info.ts';
import { field, infoReply } from './recorded.ts';

test('reads process and level', (t) => {
  const info = { version: '2.6.12-1+deb12u4', pid: 42, uptimeSeconds: 7, node: 'a: b' };
  t.deepEqual(parseInfo(infoReply), { ok: true, value: info });
  t.deepEqual(parseLevel('operator\n\n'), { ok: true, value: 'operator' });
});

test('a socket with severity-output puts the severity before the level', (t) => {
  for (const name of ['level-number.txt', 'level-string.txt']) {
    t.deepEqual(parseLevel(field(name)), { ok: true, value: 'admin' });
  }
  t.false(parseLevel('[9]: admin\n\n').ok);
});

test('HAProxy of several processes says so', (t) => {
  t.like(parseInfo(field('nbproc.info.txt')), { ok: true, value: { version: '2.4.22-f8e3218', processes: 2 } });
});

test('another process has another pid, or counts its uptime from 0 again, as in a container', (t) => {
  const before = { version: '2.6.12', pid: 8, uptimeSeconds: 7 };
  t.true(isSameProcess(before, before));
  t.true(isSameProcess(before, { ...before, uptimeSeconds: 9 }));
  t.false(isSameProcess(before, { ...before, pid: 9 }));
  t.false(isSameProcess(before, { ...before, uptimeSeconds: 0 }));
});
