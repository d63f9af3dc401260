import test from 'ava';
import { backendNotes, serverNotes } from '../../cli/view/server-notes.ts';
import { renderWeights } from '../../cli/view/weights-table.ts';
import { serverStatusSchema, statusSchema } from '../../shared/contract/status.ts';
import { server, status } from '../support/status.ts';

const pressure = {
  cpu: { some: 0.12, full: null },
  memory: { some: 0, full: 0 },
  io: null,
};
const memoryEvents = { high: 7, max: 2, oom: 1, oomKill: 1 };

test('an explanation shows the machine, pressure and kills of a server', (t) => {
  const each = server({ sharesMachineWith: ['a2', 'a3'], pressure, memoryEvents });
  const text = serverNotes(each).join('\n');
  t.regex(text, /^ {2}machine {2}shares the machine with a2, a3$/m);
  t.regex(text, /^ {2}pressure cpu 12 % some, memory 0 % some 0 % full of the last 10 s$/m);
  t.regex(text, /^ {2}memory {3}held back at memory\.high 7 times, at its limit 2 times; 1 OOM kill since/m);
});

test('what no agent says takes no line', (t) => {
  t.deepEqual(serverNotes(server()), []);
  t.deepEqual(backendNotes({ servers: [server()] }), []);
  const unknown = { cpu: { some: null, full: null }, memory: null, io: null };
  t.deepEqual(serverNotes(server({ pressure: unknown })), ['  pressure not known']);
});

test('under the table each machine that is shared has one line, and each server with kills', (t) => {
  const names = ['a1', 'a2', 'a3'];
  const sharing = names.map((name) =>
    server({ server: name, sharesMachineWith: names.filter((other) => other !== name) }),
  );
  const text = renderWeights(status([...sharing, server({ server: 'b1', memoryEvents })]), []);
  t.is(text.match(/^note: /gm)?.length, 2, text);
  t.regex(text, /^note: a1, a2, a3 share a machine and its cores$/m);
  t.regex(text, /^note: b1: 1 OOM kill since the group was made$/m);
});

test('a hundred servers on one machine are not all named', (t) => {
  const names = Array.from({ length: 100 }, (_, index) => `s${index}`);
  const [line = ''] = serverNotes(server({ sharesMachineWith: names }));
  t.regex(line, /s0, s1, .*s7 and more$/);
});

test('the status of a controller before this one is read: what it did not have is unknown', (t) => {
  const now = status([server()]);
  const old = JSON.parse(JSON.stringify(now));
  for (const each of old.backends[0].servers) {
    for (const key of ['port', 'sharesMachineWith', 'pressure', 'memoryEvents']) delete each[key];
    delete each.agent.asked;
    delete each.agent.notes;
    delete each.traffic.clientErrors;
  }
  const read = statusSchema.parse(old).backends[0]?.servers[0];
  t.deepEqual(read, serverStatusSchema.parse({ ...server(), port: null }));
});
