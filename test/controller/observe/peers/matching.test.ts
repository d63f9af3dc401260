import test from 'ava';
import { matched } from '../../../../controller/observe/peers/matching.ts';

const own = (server: string, address = '10.0.0.1', port: number | null = 80) => ({ server, address, port });
const rates = (server: string, okPerSecond: number, address = '10.0.0.1', port: number | null = 80) => {
  return { server, address, port, okPerSecond, startedPerSecond: 2 * okPerSecond, inFlight: 3 };
};
const okOf = (...[ours, peer, elapsedMs = 1_000]: Parameters<typeof matched> | [never, never]) =>
  Object.fromEntries([...matched(ours, peer, elapsedMs)].map(([server, { ok }]) => [server, ok]));

const far = (...servers: readonly ReturnType<typeof rates>[]) => ({ isSameHost: false, servers });

test('a server is the same where address and port are, whatever its name', (t) => {
  const ours = [own('web1'), own('web2', '10.0.0.2')];
  t.deepEqual(okOf(ours, far(rates('web1', 7, '10.0.0.2'), rates('slot9', 5)), 2_000), { web1: 10, web2: 14 });
});

test('the same name at another place, as slots have, is another server; so is another port', (t) => {
  t.deepEqual(okOf([own('web1')], far(rates('web1', 7, '10.0.0.9'), rates('web1b', 7, '10.0.0.1', 81)), 1_000), {});
});

test('where one side has no place, the name decides', (t) => {
  const ours = [own('web1', ''), own('web2', '10.0.0.2'), own('web3', '10.0.0.3', null)];
  const peer = far(rates('web1', 1), rates('web2', 2, ''), rates('web3', 3, '10.0.0.3'));
  t.deepEqual(okOf(ours, peer, 1_000), { web1: 1, web2: 2, web3: 3 });
});

test('loopback of another host is not our loopback: names decide there; on the same host places do', (t) => {
  const ours = [own('web1', '127.0.0.1', 80), own('web2', '127.0.0.1', 81)];
  const servers = [rates('web2', 5, '127.0.0.1', 80), rates('web1', 4, '10.0.0.9', 80)];
  t.deepEqual(okOf(ours, { isSameHost: false, servers }, 1_000), { web1: 4, web2: 5 });
  t.deepEqual(okOf(ours, { isSameHost: true, servers }, 1_000), { web1: 5 });
});

test('several of our servers at one place divide what happened there; several of the peer add up', (t) => {
  t.deepEqual(okOf([own('a'), own('b')], far(rates('x', 6), rates('y', 4)), 1_000), { a: 5, b: 5 });
});
