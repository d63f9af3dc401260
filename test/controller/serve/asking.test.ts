import test from 'ava';
import { Asking } from '../../../controller/serve/asking.ts';
import type { Question, Reply } from '../../../controller/serve/messages.ts';
import { until } from '../../../testbed/rig/wait.ts';

/** The questions that were asked, and an answer to the last one. */
function questions() {
  const asked: Question[] = [];
  const asking = new Asking((question) => asked.push(question));
  const answer = (waitingFor: string, more: Partial<Reply> = {}) =>
    asking.take({ waitingFor, documents: {}, tookMs: 0, ...more });
  return { asked, asking, answer };
}

const statusOf = (version: number) => ({ version, json: new TextEncoder().encode(`"status ${version}"`) });

test('one question is under way; who asks meanwhile shares the next one, which is sent after the answer', async (t) => {
  const { asked, asking, answer } = questions();
  const first = asking.ask(null);
  const [second, third] = [asking.ask(null), asking.ask('status')];
  t.deepEqual(asked, [{ wanted: {} }]);
  answer('one');
  t.is((await first)?.waitingFor, 'one');
  await until('the next question', () => asked.length === 2);
  t.deepEqual(asked[1], { wanted: { status: 0 } });
  answer('two', { documents: { status: statusOf(7) } });
  t.is((await second)?.waitingFor, 'two', 'not the answer to a question from before it asked');
  t.is((await third)?.documents.status?.version, 7);
});

test('a status that it has is named in the question and kept where it is unchanged', async (t) => {
  const { asked, asking, answer } = questions();
  const first = asking.ask('status');
  answer('', { documents: { status: statusOf(7) } });
  const status = (await first)?.documents.status;
  const second = asking.ask('status');
  await until('the next question', () => asked.length === 2);
  t.is(asked[1]?.wanted.status, 7);
  answer('');
  t.is((await second)?.documents.status, status);
});

test('after an answer that took long the next question waits ten times as long', async (t) => {
  const { asked, asking, answer } = questions();
  void asking.ask('status');
  const startedMs = performance.now();
  answer('', { tookMs: 20 });
  void asking.ask('status');
  await until('the next question', () => asked.length === 2);
  // a timer drops fractions, and counts from the start of a turn of the event loop
  t.true(performance.now() - startedMs >= 198);
});

test('the pause is a second at most: clients wait little longer', async (t) => {
  const { asked, asking, answer } = questions();
  void asking.ask('status');
  answer('', { tookMs: 30_000 });
  void asking.ask('status');
  await until('the next question', () => asked.length === 2, { limitMs: 60_000 });
  t.is(asked.length, 2);
});

test('without an answer for a second all who wait are told, and later ones at once, until there is one', async (t) => {
  const { asked, asking, answer } = questions();
  const startedMs = performance.now();
  const answers = await Promise.all([asking.ask('status'), asking.ask(null)]);
  t.deepEqual(answers, [null, null]);
  t.true(performance.now() - startedMs >= 998);
  t.is(await asking.ask(null), null);
  t.is(asked.length, 1, 'nothing is piled up for the loop');
  answer('one');
  const after = asking.ask(null);
  await until('the next question', () => asked.length === 2);
  answer('two');
  t.is((await after)?.waitingFor, 'two');
});

test('who wants different documents shares a question, and each kept version is named', async (t) => {
  const { asked, asking, answer } = questions();
  void asking.ask(null);
  const both = [asking.ask('status'), asking.ask('traffic')] as const;
  answer('one');
  await until('the next question', () => asked.length === 2);
  t.deepEqual(asked[1], { wanted: { status: 0, traffic: 0 } });
  answer('two', { documents: { status: statusOf(7), traffic: statusOf(3) } });
  t.is((await both[1])?.documents.traffic?.version, 3);
  void asking.ask('traffic');
  await until('the third question', () => asked.length === 3);
  t.deepEqual(asked[2], { wanted: { traffic: 3 } });
});
