import { Writable } from 'node:stream';
import test from 'ava';
import { Progress } from '../../../shared/terminal/progress.ts';

/** A stream that keeps what is written, and says of itself that it is a terminal, or not. */
function stream(isTTY: boolean, columns: number) {
  const written: string[] = [];
  const writable = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      written.push(chunk);
      done();
    },
  });
  return { written, stream: Object.assign(writable, { isTTY, columns }) as unknown as NodeJS.WriteStream };
}

const [first, over, below] = ['\r\u001b[2K', '\u001b[1A\r\u001b[2K', '\n\u001b[J'];
const emptied = '\u001b[1A\r\u001b[J';

test.serial('on a terminal it draws over itself, not more than ten times a second, and leaves nothing', (t) => {
  process.env['TERM'] = 'xterm';
  const terminal = stream(true, 30);
  let nowMs = 0;
  const progress = new Progress(terminal.stream, { inLog: true, nowMs: () => nowMs });
  progress.show('[....] none, random');
  nowMs = 99;
  progress.show('[#...] none, random');
  nowMs = 100;
  progress.show('[##..] capacity, random and a text that is too long for this');
  progress[Symbol.dispose]();
  progress[Symbol.dispose]();
  t.deepEqual(terminal.written, [
    `${first}[....] none, random${below}`,
    `${over}[##..] capacity, random and …${below}`,
    emptied,
  ]);
});

test.serial('of texts that come too fast, the last one is shown', async (t) => {
  process.env['TERM'] = 'xterm';
  const terminal = stream(true, 80);
  using progress = new Progress(terminal.stream, { inLog: true });
  for (const text of ['one', 'two', 'three']) progress.show(text);
  await new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (terminal.written.length < 2) return;
      clearInterval(look);
      resolve();
    }, 10);
  });
  t.deepEqual(terminal.written, [`${first}one${below}`, `${over}three${below}`]);
});

test.serial('a line that stays comes instead of the picture; the next picture comes below', (t) => {
  process.env['TERM'] = 'xterm';
  const terminal = stream(true, 80);
  let nowMs = 0;
  const progress = new Progress(terminal.stream, { inLog: true, nowMs: () => nowMs });
  progress.show('one');
  progress.say('a cell does not count');
  nowMs = 100;
  progress.show('two');
  t.deepEqual(terminal.written, [`${first}one${below}`, emptied, 'a cell does not count\n', `${first}two${below}`]);
});

test.serial('in a log it writes a line every ten seconds, or none', (t) => {
  const [log, silent] = [stream(false, 80), stream(false, 80)];
  let nowMs = 0;
  using progress = new Progress(log.stream, { inLog: true, nowMs: () => nowMs });
  using other = new Progress(silent.stream, { inLog: false, nowMs: () => nowMs });
  for (nowMs = 0; nowMs <= 25_000; nowMs += 1_000) {
    progress.show(`${nowMs} ms`);
    other.show(`${nowMs} ms`);
  }
  t.deepEqual(log.written, ['0 ms\n', '10000 ms\n', '20000 ms\n']);
  t.deepEqual(silent.written, []);
});

test.serial('on a terminal that cannot draw it is as in a log', (t) => {
  process.env['TERM'] = 'dumb';
  const dumb = stream(true, 80);
  using progress = new Progress(dumb.stream, { inLog: false });
  progress.show('x');
  t.deepEqual(dumb.written, []);
});
