import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import { AgentClient } from '../../../controller/observe/agent-client.ts';
import { parseSnapshot } from '../../../controller/observe/parse-snapshot.ts';
import { parseLine } from '../../../controller/record/parse-line.ts';
import { parseInfo, parseLevel } from '../../../haproxy/process-info.ts';
import { parseServersState } from '../../../haproxy/servers-state.ts';
import { parseStats } from '../../../haproxy/stat-csv.ts';
import { fileOf, recordings, snapshots } from '../../../lab/fuzz/corpus.ts';
import { casesFrom } from '../../../lab/fuzz/input/cases.ts';
import { splitLines } from '../../../shared/lines.ts';

const url = 'http://10.0.0.1:9477';

const replies = [
  ['show servers state', 'show-servers-state', parseServersState],
  ['show stat', 'show-stat', parseStats],
  ['show info', 'show-info', parseInfo],
  ['show cli level', 'show-cli-level', parseLevel],
] as const;

for (const [command, file, parse] of replies) {
  test(`a reply to "${command}" that is cut, wherever, is never read`, (t) => {
    const reply = fileOf(`lab/fuzz/corpus/${file}.txt`).toString('utf8');
    t.true(parse(reply).ok);
    for (let length = 0; length < reply.length; length += 1)
      t.false(parse(reply.slice(0, length)).ok, `${length} bytes`);
  });
}

test('a snapshot that is cut, wherever, is never read', (t) => {
  const [whole] = snapshots;
  const body = whole.toString('utf8').trimEnd();
  const read = (text: string) =>
    parseSnapshot({ status: 200, contentType: 'application/json', body: text }, url, 'web1');
  t.true(read(body).ok);
  for (let length = 0; length < body.length; length += 1) t.false(read(body.slice(0, length)).ok, `${length} bytes`);
});

test('what is read of a changed snapshot is read the same again', (t) => {
  const cases = casesFrom({ inputs: snapshots, maxBytes: 64 * 1024, json: 'whole' });
  let accepted = 0;
  fc.assert(
    fc.property(cases, (bytes) => {
      const body = bytes.toString('utf8');
      const first = parseSnapshot({ status: 200, contentType: '', body }, url, 'web1');
      if (!first.ok) return;
      accepted += 1;
      const again = parseSnapshot({ status: 200, contentType: '', body: JSON.stringify(first.value) }, url, 'web1');
      t.is(JSON.stringify(again), JSON.stringify(first));
    }),
    { seed: 1, numRuns: 800 },
  );
  t.true(accepted > 30, `${accepted} of 800 were accepted`);
});

test('a damaged line of a recording takes no other line with it', async (t) => {
  const lines = recordings[0].toString('utf8').trimEnd().split('\n');
  const damage = fc
    .uint8Array({ maxLength: 200 })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 10 ? 32 : byte))));
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: lines.length - 1 }), damage, async (at, bytes) => {
      const parts = lines.map((line, index) => (index === at ? bytes : Buffer.from(line)));
      const read = await ticksOf(Buffer.concat(parts.flatMap((part) => [part, Buffer.from('\n')])));
      t.deepEqual(
        read.filter((tick) => tick !== null),
        lines.flatMap((_, index) => (index === at ? [] : [index + 1])),
      );
    }),
    { seed: 1, numRuns: 60 },
  );
});

/** The number of the tick in each line; null for a line that cannot be used. */
async function ticksOf(bytes: Buffer): Promise<readonly (number | null)[]> {
  const ticks: (number | null)[] = [];
  for await (const line of splitLines(Readable.from([bytes.subarray(0, 999), bytes.subarray(999)]), 1024 * 1024)) {
    const parsed = parseLine(line);
    ticks.push(parsed.ok ? parsed.value.tick : null);
  }
  return ticks;
}

test('an answer nested too deeply is called what it is, not an agent that is away', async (t) => {
  const depth = 9_000;
  const server = createServer((_, response) => {
    response.end(`{"version":${'['.repeat(depth)}${']'.repeat(depth)}}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  using client = new AgentClient({ timeoutMs: 10_000, token: null });
  const fetched = await client.fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'web1');
  server.closeAllConnections();
  server.close();
  t.is(fetched.ok ? 'accepted' : fetched.error.code, 'agent-schema-version');
});
