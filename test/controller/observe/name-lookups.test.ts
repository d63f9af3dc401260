import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { promisify } from 'node:util';
import test from 'ava';
import { NameLookups } from '../../../controller/observe/name-lookups.ts';
import { until } from '../../../testbed/rig/wait.ts';

interface Asked {
  readonly name: string;
  readonly answer: (addresses: readonly LookupAddress[]) => void;
  readonly fail: (code: string) => void;
}

const address = { address: '10.0.0.1', family: 4 };

/** A DNS that answers when the test says so, and what it is asked. */
function dns() {
  const asked: Asked[] = [];
  const lookups = new NameLookups(
    (name) =>
      new Promise((answer, reject) => {
        const fail = (code: string) => reject(Object.assign(new Error(`${code} ${name}`), { code }));
        asked.push({ name, answer, fail });
      }),
  );
  return { asked, lookups };
}

const url = (name: string) => `http://${name}:9477`;
const aborted = AbortSignal.abort();
const never = new AbortController().signal;

test('addresses need no lookup', async (t) => {
  const { asked, lookups } = dns();
  for (const host of ['127.0.0.1', '[::1]', '10.1']) t.true(await lookups.ready(url(host), never));
  t.is(asked.length, 0);
});

test('while DNS is silent, two hundred names asked at each of a thousand ticks have one lookup each', async (t) => {
  const { asked, lookups } = dns();
  const names = Array.from({ length: 200 }, (_, index) => `web${index}`);
  for (let tick = 0; tick < 1_000; tick += 1) {
    const ready = await Promise.all(names.map((name) => lookups.ready(url(name), aborted)));
    t.false(ready.includes(true));
  }
  t.is(lookups.pending, 200);
  t.true(asked.length <= 2, 'libuv has two at a time');
});

test('when DNS is back, all that waited go on', async (t) => {
  const { asked, lookups } = dns();
  const ready = ['a', 'b', 'c', 'a', 'd'].map((name) => lookups.ready(url(name), never));
  for (const name of ['a', 'b', 'c', 'd']) {
    const next = await until(name, () => asked.find((each) => each.name === name) ?? null);
    next.answer([address]);
  }
  t.deepEqual(await Promise.all(ready), [true, true, true, true, true]);
  t.is(asked.length, 4);
  t.is(lookups.pending, 0);
});

test('a name that does not exist is an error at once, and is asked again by the next request', async (t) => {
  const { asked, lookups } = dns();
  for (const attempt of [1, 2]) {
    const ready = lookups.ready(url('typo'), never);
    t.is(asked.length, attempt);
    asked[attempt - 1]?.fail('ENOTFOUND');
    await t.throwsAsync(ready, { code: 'ENOTFOUND' });
  }
});

test('a connection takes the known address while DNS is silent', async (t) => {
  const { asked, lookups } = dns();
  const ready = lookups.ready(url('a'), never);
  asked[0]?.answer([address]);
  t.true(await ready);
  const connect = promisify(lookups.lookup);
  t.deepEqual(await connect('a', { all: true }), [address] as never);
  t.is(asked.length, 1);
});

test('what it finds is what the system finds', async (t) => {
  const lookups = new NameLookups();
  t.true(await lookups.ready(url('localhost'), never));
  const found = promisify(lookups.lookup);
  t.deepEqual(await found('localhost', { all: true }), (await lookup('localhost', { all: true })) as never);
});
