import { stripVTControlCharacters } from 'node:util';
import test from 'ava';
import { frameOf, type Moment } from '../../../testbed/demo/frame.ts';
import { type Frame, renderFrame, renderLine } from '../../../testbed/demo/live-view.ts';
import { record } from './result-fixture.ts';

const moment: Moment = {
  settings: record.settings,
  sight: {
    weights: { s1: 0, s2: 64, s3: 64, s4: 128 },
    allUp: true,
    inFlight: 3,
    limits: { s1: 2, s2: 3, s3: 3, s4: 7 },
    waiting: 12,
    snapshots: {},
    status: null,
  },
  outcomes: record.without.outcomes,
  before: null,
  elapsedMs: 9_500,
  slowedAtMs: 5_000,
};
const first = frameOf(moment);
const second = frameOf({ ...moment, outcomes: record.with.outcomes, before: record.without.outcomes });
const plain = { columns: 80, colour: false };

/** Every value at its longest. */
const widest: Frame = {
  ...second,
  policy: 'pick-one',
  elapsedSeconds: 49,
  phaseSeconds: 50,
  servers: second.servers.map((row) => ({
    ...row,
    cpu: 1,
    limit: 99_999,
    weight: 256,
    share: 1,
    answeredPerSecond: 999.9,
  })),
  now: { requests: 99_999, failed: 99_999, meanMs: 5_000, p50Ms: 5_000, p99Ms: 5_000, withinSecond: 1 },
};

test('a frame shows weights, shares and the last five seconds only', (t) => {
  t.deepEqual(
    second.servers.map(({ share }) => share),
    [0, 0.25, 0.25, 0.5],
  );
  // ended between 4.5 s and 9.5 s: requests 5 to 9 of the second phase, 4 to 7 of the first
  t.is(second.now.requests, 5);
  t.is(second.before?.requests, 4);
  t.is(second.servers[3]?.answeredPerSecond, 1);
  const text = renderFrame(second, plain).join('\n');
  t.regex(text, /s4 +0\.60 .* 7 +128 +50 % #####\.\.\.\.\. +1\.0/);
  t.regex(text, /waiting in HAProxy for any server: 12\n/);
  t.regex(text, /s3 slow +0\.30/);
  t.regex(text, /without, at this moment +1\.\d+ s/);
  t.regex(text, /with the controller +1\d ms/);
});

test('an unknown value is a dash, not a zero', (t) => {
  const blind = frameOf({
    ...moment,
    sight: { weights: null, allUp: false, inFlight: null, limits: null, waiting: null, snapshots: {}, status: null },
  });
  const [row] = renderFrame(blind, plain).filter((line) => line.startsWith('s1'));
  t.regex(renderFrame(blind, plain).join('\n'), /any server: -\n/);
  t.regex(row ?? '', /^s1 +0\.10 +\.{10} +- +- +- +- \.{10}/);
});

test('every frame fits 80 columns and 16 lines, and all have the same height', (t) => {
  for (const frame of [first, second, widest]) {
    const lines = renderFrame(frame, { columns: 200, colour: false });
    t.is(lines.length, renderFrame(first, plain).length);
    t.true(lines.length <= 16);
    for (const line of lines) t.true(line.length <= 80, line);
  }
});

test('a narrow terminal gets shorter lines, with and without colours', (t) => {
  for (const colour of [false, true]) {
    const lines = renderFrame(widest, { columns: 40, colour });
    t.true(lines.every((line) => stripVTControlCharacters(line).length <= 40));
  }
});

test('colour carries no information that the text lacks', (t) => {
  const coloured = renderFrame(widest, { columns: 80, colour: true });
  t.notDeepEqual(coloured, renderFrame(widest, plain));
  t.deepEqual(coloured.map(stripVTControlCharacters), renderFrame(widest, plain));
});

test('without a terminal one line of at most 80 columns summarises the frame', (t) => {
  t.is(renderLine(first), 'without 10 s: p50 1.40 s, p99 1.60 s, 0 % in 1 s, weights 0/64/64/128');
  t.true(renderLine(widest).length <= 80, renderLine(widest));
});
