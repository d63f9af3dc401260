import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import type { AgentSource } from '../../../controller/observe/agent-client.ts';
import { AgentClient } from '../../../controller/observe/agent-client.ts';
import { AgentRound } from '../../../controller/observe/agent-round.ts';
import type { Problem } from '../../../shared/contract/problem.ts';
import { agentNoConnection } from '../../../shared/contract/problems/agent.ts';
import { err, ok, type Result } from '../../../shared/contract/result.ts';
import type { Snapshot } from '../../../shared/contract/snapshot.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { blackHole } from '../../support/black-hole.ts';
import { httpServer } from '../../support/http-server.ts';
import { snapshot } from '../../support/snapshot.ts';

const silence: Problem = { code: 'agent-timeout', where: 'x', what: 'no answer' };
const fresh = () => ok(snapshot());

/** Agents that are a function of the URL, and the URLs in the order in which they were asked. */
function agents(answer: (url: string) => Promise<Result<Snapshot, Problem>>) {
  const asked: string[] = [];
  const source: AgentSource = {
    deadline: () => new AbortController().signal,
    fetch: (url) => {
      asked.push(url);
      return answer(url);
    },
  };
  return { asked, source };
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const forever = () => new Promise<never>(() => undefined);

test('at most 64 agents are asked at once, and the next ones as soon as answers come', async (t) => {
  const pending: (() => void)[] = [];
  const { asked, source } = agents(() => new Promise((resolve) => pending.push(() => resolve(fresh()))));
  const round = new AgentRound(source);
  const answers = names('a', 200).map((url) => round.ask(url, 's'));
  await delay(1);
  t.true(asked.length <= 64, `${asked.length}`);
  while (pending.length > 0) {
    for (const answer of pending.splice(0)) answer();
    await delay(1);
  }
  t.is((await Promise.all(answers)).filter((each) => each.ok).length, 200);
  t.deepEqual(asked, names('a', 200));
});

test('agents that hang keep the others waiting for a moment only, whatever backends they are of', async (t) => {
  const { asked, source } = agents((url) => (url.startsWith('hung') ? forever() : Promise.resolve(fresh())));
  const round = new AgentRound(source);
  for (const url of names('hung', 600)) void round.ask(url, 's');
  t.true((await round.ask('healthy', 's')).ok);
  t.is(asked.at(-1), 'healthy');
});

test('agents that were slow in the round before are asked when no other one waits', async (t) => {
  const slow = async () => {
    await delay(100);
    return err(silence);
  };
  const { asked, source } = agents((url) => (url.startsWith('slow') ? slow() : Promise.resolve(fresh())));
  const first = new AgentRound(source);
  await Promise.all(names('slow', 100).map((url) => first.ask(url, 's')));
  asked.length = 0;
  const second = new AgentRound(source, undefined, first);
  await Promise.all([...names('slow', 100), ...names('fast', 100)].map((url) => second.ask(url, 's')));
  const lastFast = asked.lastIndexOf('fast99');
  const before = asked.slice(0, lastFast).filter((url) => url.startsWith('slow')).length;
  // those that came first, while no other one was waiting
  t.true(before <= 64, `${before} slow ones before the last fast one`);
});

test('those that had no connection in the round before are asked before those that hung', async (t) => {
  const urls = names('a', 10);
  const late = async (url: string) => {
    await delay(100);
    return err(urls.indexOf(url) < 5 ? silence : agentNoConnection(url, 5));
  };
  const { asked, source } = agents(late);
  const first = new AgentRound(source);
  await Promise.all(urls.map((url) => first.ask(url, 's')));
  asked.length = 0;
  const second = new AgentRound(source, undefined, first);
  await Promise.all(urls.map((url) => second.ask(url, 's')));
  t.deepEqual(asked, [...urls.slice(5), ...urls.slice(0, 5)]);
});

test('an agent that several backends share is asked once', async (t) => {
  let requests = 0;
  const body = JSON.stringify(snapshot());
  await using agent = await httpServer((_, response) => {
    requests += 1;
    response.end(body);
  });
  using client = new AgentClient({ timeoutMs: 30_000, token: null });
  const round = new AgentRound(client);
  const answers = await Promise.all(names('s', 150).map((server) => round.ask(agent.url, server)));
  t.true(answers.every(({ ok: isOk }) => isOk));
  t.is(requests, 1);
});

test('a stop gives up all that is under way or waits, and closes its connections', async (t) => {
  await using hole = await blackHole();
  // longer than the test may take
  using client = new AgentClient({ timeoutMs: 600_000, token: null });
  const stop = new AbortController();
  const round = new AgentRound(client, stop.signal);
  const answers = names('a', 300).map((path) => round.ask(`http://127.0.0.1:${hole.port}/${path}`, 's'));
  await until('agents are asked', () => hole.sockets.size > 64);
  stop.abort();
  const ended = await Promise.all(answers);
  t.true(ended.every(({ ok: isOk }) => !isOk));
  await until('the connections are closed', () => [...hole.sockets].every(({ destroyed }) => destroyed));
  t.false((await round.ask(`http://127.0.0.1:${hole.port}/later`, 's')).ok);
});
