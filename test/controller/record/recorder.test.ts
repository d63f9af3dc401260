import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { Recorder } from '../../../controller/record/recorder.ts';
import { observed } from '../support/build.ts';
import { recordingLogger } from '../support/recording-logger.ts';
import { recordOf } from './support.ts';

/** A disk that writes when it is told to. */
function slowDisk() {
  const written: string[] = [];
  const pending: { done: () => void; fail: (error: Error) => void }[] = [];
  const append = (lines: string) =>
    new Promise<void>((resolve, reject) => {
      const done = () => {
        written.push(lines);
        resolve();
      };
      pending.push({ done, fail: reject });
    });
  const next = () => pending.shift();
  return { append, written, pending, next };
}

function recorder(append: (lines: string) => Promise<void>, maxBytes = 1_000_000) {
  const { logger, lines } = recordingLogger();
  return { lines, recorder: new Recorder({ file: '/x/ticks', maxBytes, files: 2, logger, append }) };
}

const tick = (number: number, servers = 1) =>
  recordOf(
    Array.from({ length: servers }, (_, index) => observed(`s${index}`)),
    [],
    { tick: number },
  );

test('one write at a time; what comes meanwhile follows in one, in order', async (t) => {
  const disk = slowDisk();
  const { recorder: it } = recorder(disk.append);
  for (const number of [1, 2, 3]) it.take(tick(number));
  t.is(disk.pending.length, 1);
  disk.next()?.done();
  await setImmediate();
  t.is(disk.pending.length, 1);
  disk.next()?.done();
  await it.close();
  const ticks = disk.written.map((text) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).tick),
  );
  t.deepEqual(ticks, [[1], [2, 3]]);
  t.like(it.status, { ticks: 3, lostTicks: 0, problem: null });
});

test('no more goes into one write than a file may hold', async (t) => {
  const disk = slowDisk();
  const bytes = JSON.stringify(tick(1)).length + 1;
  const { recorder: it } = recorder(disk.append, 2 * bytes);
  for (const number of [1, 2, 3, 4]) it.take(tick(number));
  for (let writes = 0; writes < 3; writes += 1) {
    disk.next()?.done();
    await setImmediate();
  }
  t.deepEqual(
    disk.written.map((text) => text.length),
    [bytes, 2 * bytes, bytes],
  );
});

test('a full disk is said once, costs the ticks that it could not take, and is over when one is written', async (t) => {
  const disk = slowDisk();
  const { recorder: it, lines } = recorder(disk.append);
  const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  for (const number of [1, 2, 3]) {
    it.take(tick(number));
    disk.next()?.fail(full);
    await setImmediate();
  }
  t.regex(it.status.problem ?? '', /cannot be written.*ENOSPC\. Make room on that disk/);
  t.is(it.status.lostTicks, 3);
  it.take(tick(4));
  disk.next()?.done();
  await setImmediate();
  t.like(it.status, { ticks: 1, lostTicks: 3, problem: null });
  t.deepEqual(
    lines.map(({ message, code }) => [message, code]),
    [
      ['recording problem', 'record-unwritable'],
      ['recording problem: over', undefined],
    ],
  );
});

test('where the disk cannot keep up ticks are left out and counted, memory is bounded, and it is said once', async (t) => {
  const disk = slowDisk();
  const { recorder: it, lines } = recorder(disk.append, 100_000_000);
  const large = tick(1, 12_000);
  const bytes = JSON.stringify(large).length + 1;
  const fit = Math.floor((16 * 1024 * 1024) / bytes);
  t.true(fit >= 2, `${bytes}`);
  for (let number = 0; number < fit + 3; number += 1) it.take(large);
  t.is(it.status.lostTicks, 3);
  t.regex(it.status.problem ?? '', /left out of the recording/);
  disk.next()?.done();
  await setImmediate();
  t.not(it.status.problem, null, 'not over while ticks wait');
  disk.next()?.done();
  await setImmediate();
  t.is(it.status.problem, null);
  it.take(large);
  disk.next()?.done();
  await it.close();
  t.is(it.status.ticks, fit + 1);
  t.deepEqual(
    lines.map(({ code }) => code),
    ['record-behind', undefined],
  );
});

test('leaving waits for the disk, but not for one that does not answer', async (t) => {
  const disk = slowDisk();
  const { recorder: it } = recorder(disk.append);
  it.take(tick(1));
  it.take(tick(2));
  const startedMs = performance.now();
  await it.close();
  const tookMs = performance.now() - startedMs;
  t.true(tookMs > 1_900 && tookMs < 10_000, `${tookMs} ms`);
  t.is(it.status.lostTicks, 1, 'the one that waited; of the other nothing is known');
});
