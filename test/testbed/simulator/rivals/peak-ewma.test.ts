import test from 'ava';
import { PeakEwma, peakEwma } from '../../../../testbed/simulator/rivals/peak-ewma.ts';
import { Client } from './build.ts';

function isNear(value: number, expected: number): boolean {
  return Math.abs(value / expected - 1) < 1e-9;
}

test('peak EWMA follows a slow answer at once, and fast ones with a mean lifetime of 10 s', (t) => {
  const view = new PeakEwma(0);
  view.observe(20, 0);
  view.observe(1_000, 0);
  t.is(view.cost(0, 0), 1_000);
  view.observe(20, 10_000);
  t.true(isNear(view.cost(0, 10_000), 1_000 / Math.E + 20 * (1 - 1 / Math.E)));
});

test('without answers the cost decays, to half in 10 s times ln 2, however often it is looked at', (t) => {
  const view = new PeakEwma(0);
  view.observe(1_000, 0);
  for (let atMs = 0; atMs < 10_000 * Math.LN2; atMs += 100) view.cost(0, atMs);
  t.true(isNear(view.cost(0, 10_000 * Math.LN2), 500));
});

test('the cost counts one request more than are pending', (t) => {
  const view = new PeakEwma(0);
  view.observe(20, 0);
  t.is(view.cost(3, 0), 80);
});

test('a server with requests and no answer yet gets no second one while there is another', (t) => {
  const client = new Client(2, (agenda) => peakEwma({ agenda }));
  const request = client.send(1);
  client.goTo(20);
  client.end(1, request);
  client.send(0);
  t.deepEqual(client.picks(20), [0, 20]);
});

test('one slow answer is enough to leave a server, until its cost has decayed below the others', (t) => {
  const client = new Client(2, (agenda) => peakEwma({ agenda }));
  const answer = (index: number, tookMs: number) => {
    const request = client.send(index);
    client.goTo(client.agenda.nowMs + tookMs);
    client.end(index, request);
  };
  answer(0, 20);
  answer(1, 1_000);
  t.deepEqual(client.picks(20), [20, 0]);
  // the other one goes on answering in 20 ms; 1,000 e^(-t / 10 s) is below 20 ms after 39 s
  while (client.agenda.nowMs < 38_000) answer(0, 20);
  t.deepEqual(client.picks(20), [20, 0]);
  while (client.agenda.nowMs < 42_000) answer(0, 20);
  t.deepEqual(client.picks(20), [0, 20]);
});

test('of many servers two are drawn, so that the second best gets requests too', (t) => {
  const client = new Client(3, (agenda) => peakEwma({ agenda }));
  for (const [index, tookMs] of [10, 20, 30].entries()) {
    const request = client.send(index);
    client.goTo(client.agenda.nowMs + tookMs);
    client.end(index, request);
  }
  const [first = 0, second = 0, third = 0] = client.picks(30_000);
  // the best is in two of the three pairs
  t.true(Math.abs(first / 30_000 - 2 / 3) < 0.01, `${first}`);
  t.true(Math.abs(second / 30_000 - 1 / 3) < 0.01, `${second}`);
  t.is(third, 0);
});
