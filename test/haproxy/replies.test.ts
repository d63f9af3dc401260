import test from 'ava';
import fc from 'fast-check';
import { parseInfo, parseLevel } from '../../haproxy/process-info.ts';
import { errorText } from '../../haproxy/reply.ts';
import { parseServersState } from '../../haproxy/servers-state.ts';
import { parseStats } from '../../haproxy/stat-csv.ts';
import { columns26, infoReply, stateReply, statReply, statRows } from './recorded.ts';

test('more empty lines at the end are nothing', (t) => {
  t.deepEqual(parseServersState(`${stateReply}\n`), parseServersState(stateReply));
  const stat = statReply(columns26, statRows);
  t.deepEqual(parseStats(`${stat}\n\n`), parseStats(stat));
});

test('severities 4 to 7 are no error, but an unknown command is one, whatever its severity', (t) => {
  t.is(errorText('\n\n\n'), '');
  t.is(errorText('\n[5]: weight changed\n\n[notice]: once more\n\n'), '');
  t.is(errorText('\n[4]: careful\n\n[3]: No such server.\n\n'), 'No such server.');
  t.is(errorText('[err]: No such backend.\n\n'), 'No such backend.');
  t.is(errorText('No such server.\n\n'), 'No such server.');
  t.is(errorText(' \n\n'), ' ', 'only empty lines are empty');
  t.regex(errorText("[6]: Unknown command: 'set', but\n  show info  : x\n\n"), /^Unknown command/);
});

const parsers = [
  ['show stat', parseStats, statReply(columns26, statRows)],
  ['show servers state', parseServersState, stateReply],
  ['show info', parseInfo, infoReply],
  ['show cli level', parseLevel, 'admin\n\n'],
] as const;

for (const [command, parse, reply] of parsers) {
  test(`a reply to "${command}" cut at any position is never a shorter one`, (t) => {
    t.true(parse(reply).ok);
    for (let end = 0; end < reply.length; end++) {
      const cut = parse(reply.slice(0, end));
      if (cut.ok) return t.fail(`accepted ${end} of ${reply.length}: ${JSON.stringify(reply.slice(end - 40, end))}`);
    }
    t.pass();
  });

  test(`no text makes the parser of "${command}" throw`, (t) => {
    const start = fc.integer({ min: 0, max: reply.length });
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), start, start, (text, from, to) => {
        parse(text);
        parse(`${text}\n\n`);
        const spliced = parse(reply.slice(0, from) + text + reply.slice(to));
        return typeof spliced.ok === 'boolean';
      }),
    );
    t.pass();
  });
}

const damages: readonly [string, (reply: string) => string][] = [
  ['a needed column missing', (reply) => reply.replace(',uweight,', ',weightless,')],
  ['no header', (reply) => reply.replace('# ', '')],
  ['a quoted field without end', (reply) => reply.replace('c\nd"', 'c\nd')],
  ['an empty line in the middle', (reply) => reply.replace('\nweb,s2', '\n\nweb,s2')],
];

for (const [damage, apply] of damages) {
  test(`refuses a whole "show stat" for ${damage}`, (t) => {
    const reply = statReply(columns26, statRows);
    t.not(apply(reply), reply);
    t.false(parseStats(apply(reply)).ok);
  });
}

/** Damage of one row, and the server that it costs. */
const rowDamages: readonly [string, string, (reply: string) => string][] = [
  ['a field too few', 's2', (reply) => reply.replace(',DOWN,', ',DOWN')],
  ['a field too many', 's2', (reply) => reply.replace(',DOWN,', ',DOWN,,')],
  ['a word for a number', 's1', (reply) => reply.replace(',1234,', ',many,')],
  ['a negative count', 's1', (reply) => reply.replace(',1234,', ',-1,')],
  ['a fraction', 's1', (reply) => reply.replace(',1234,', ',12.5,')],
  ['no number', 's1', (reply) => reply.replace(',1234,', ',-,')],
  ['a number too large to be exact', 's1', (reply) => reply.replace(',1234,', ',12345678901234567,')],
  ['an impossible weight', 's2', (reply) => reply.replace(',9,', ',257,')],
  ['text after a quoted field', 's1', (reply) => reply.replace('c\nd"', 'c\nd"x')],
];

for (const [damage, server, apply] of rowDamages) {
  test(`a row of "show stat" with ${damage} costs its own server only`, (t) => {
    const reply = statReply(columns26, statRows);
    t.not(apply(reply), reply);
    const rows = parseStats(apply(reply));
    t.deepEqual(rows.ok && rows.value.filter(({ fault }) => fault !== undefined).map(({ name }) => name), [server]);
  });
}

for (const [damage, from, to] of [
  ['another format version', '1\n#', '2\n#'],
  ['a row that names no server', '3 web 1 s1 ', '3 web 1  '],
  ['an empty line in the middle', '\n3 web 2', '\n\n3 web 2'],
] as const) {
  test(`refuses a whole "show servers state" for ${damage}`, (t) => {
    t.true(stateReply.includes(from));
    t.false(parseServersState(stateReply.replace(from, to)).ok);
  });
}

for (const [damage, from, to] of [
  ['an unknown operational state', '10.0.0.1 2 0 ', '10.0.0.1 4 0 '],
  ['no operational state', '10.0.0.1 2 0 ', '10.0.0.1 - 0 '],
  ['an impossible admin state', '10.0.0.1 2 0 ', '10.0.0.1 2 x '],
  ['an impossible weight', ' 0 7 100 33 ', ' 0 257 100 33 '],
  ['no weight', ' 0 7 100 33 ', ' 0 - 100 33 '],
  ['a field too few', ' 8080 -', ' 8080'],
  ['a field too many', ' 8080 -', ' 8080 - -'],
] as const) {
  test(`a row of "show servers state" with ${damage} costs its own server only`, (t) => {
    t.true(stateReply.includes(from));
    const servers = parseServersState(stateReply.replace(from, to));
    t.deepEqual(servers.ok && servers.value.filter(({ fault }) => fault !== undefined).map(({ server }) => server), [
      's1',
    ]);
    t.is(servers.ok && servers.value.length, 3);
  });
}
