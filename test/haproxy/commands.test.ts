import test from 'ava';
import fc from 'fast-check';
import { isValidName, limitCommands, maxLineBytes, splitIntoLines, weightCommands } from '../../haproxy/commands.ts';
import { maxLimit } from '../../shared/contract/limits.ts';

const name = fc.stringMatching(/^[A-Za-z0-9_:.-]{1,60}$/);
const change = fc.record({ server: name, weight: fc.integer({ min: 0, max: 256 }) });

test('writes an absolute weight for each change, in order', (t) => {
  const changes = [
    { server: 'a', weight: 0 },
    { server: 'b:1', weight: 256 },
  ];
  t.deepEqual(weightCommands('web', changes), {
    ok: true,
    value: ['set server web/a weight 0', 'set server web/b:1 weight 256'],
  });
});

test('writes a limit for each change; before "none" goes one that nothing reaches', (t) => {
  const changes = [
    { server: 'a', limit: 7 },
    { server: 'b', limit: 0 },
  ];
  t.deepEqual(limitCommands('web', changes), {
    ok: true,
    value: ['set maxconn server web/a 7', `set maxconn server web/b ${maxLimit}`, 'set maxconn server web/b 0'],
  });
});

for (const limit of [-1, maxLimit + 1, 1.5, Number.NaN]) {
  test(`throws for the limit ${limit}`, (t) => {
    t.throws(() => limitCommands('web', [{ server: 'a', limit }]), { instanceOf: RangeError, message: /web\/a/ });
  });
}

for (const bad of ['', 'a b', 'a;b', 'a/b', 'a\nb', 'a%', '#1', 'ä', 'x'.repeat(1_001), 'a\0']) {
  test(`refuses the name ${JSON.stringify(bad.slice(0, 10))} (${bad.length})`, (t) => {
    const results = [
      weightCommands('web', [{ server: bad, weight: 1 }]),
      limitCommands('web', [{ server: bad, limit: 1 }]),
      weightCommands(bad, []),
    ];
    for (const result of results) {
      t.is(result.ok ? 'accepted' : result.error.code, 'name-invalid');
    }
  });
}

for (const weight of [-1, 257, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
  test(`throws for the weight ${weight}, which only a defect can ask for`, (t) => {
    t.throws(() => weightCommands('web', [{ server: 'a', weight }]), { instanceOf: RangeError, message: /web\/a/ });
  });
}

test('no accepted name can end or extend a command', (t) => {
  fc.assert(fc.property(fc.string(), (text) => !isValidName(text) || !/[\s;/\\"'#%]/.test(text)));
  t.pass();
});

test('splitting keeps every command, in order, and every line within the limit', (t) => {
  const lists = fc.array(change, { maxLength: 300 });
  fc.assert(
    fc.property(name, lists, fc.integer({ min: 200, max: 2_000 }), (backend, changes, limit) => {
      const commands = weightCommands(backend, changes);
      if (!commands.ok) return false;
      const lines = splitIntoLines(commands.value, limit);
      t.deepEqual(lines.flat(), [...commands.value]);
      return lines.every((line) => line.length > 0 && Buffer.byteLength(`${line.join(';')}\n`) <= limit);
    }),
    { numRuns: 50 },
  );
});

test('the longest names still fit a line', (t) => {
  const longest = 'x'.repeat(1_000);
  const commands = weightCommands(
    longest,
    Array.from({ length: 30 }, () => ({ server: longest, weight: 256 })),
  );
  if (!commands.ok) return t.fail(commands.error.what);
  for (const line of splitIntoLines(commands.value)) t.true(line.join(';').length + 1 <= maxLineBytes);
});

test('fills lines: one thousand ordinary servers need ten', (t) => {
  const changes = Array.from({ length: 1_000 }, (_, index) => ({ server: `server-${index}`, weight: 100 }));
  const commands = weightCommands('web', changes);
  t.is(commands.ok ? splitIntoLines(commands.value).length : 0, 10);
});
