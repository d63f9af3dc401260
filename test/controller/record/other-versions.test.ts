import { readFileSync } from 'node:fs';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { parseLine } from '../../../controller/record/parse-line.ts';
import { readRecordings } from '../../../controller/record/read-recordings.ts';
import { recordingVersion, tickRecordSchema } from '../../../controller/record/recording.ts';
import { BackendReplay } from '../../../controller/record/replay.ts';
import { policyNames } from '../../../shared/contract/policy-names.ts';
import { haweight } from '../../support/process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { observed } from '../support/build.ts';
import { recordOf } from './support.ts';

/** Recorded by the controller before version 2, with a drained, a silent, a failing server, a backup and one in maintenance. */
const file = new URL('field/version-1.jsonl', import.meta.url).pathname;
const lines = readFileSync(file, 'utf8').trim().split('\n');

const line = (text: string) => parseLine({ text, number: 1, ended: true });

test('a recording of version 1 is read as a whole; what it lacks has its default', async (t) => {
  let ticks = 0;
  for await (const read of readRecordings([file])) {
    if (!read.ok) return t.fail(read.error.got);
    ticks += 1;
    const { record } = read.value;
    t.is(record.haweightRecording, 1);
    t.true(tickRecordSchema.safeParse(record).success);
    for (const { port, machine, takesRequests, exclusion, traffic } of record.observations) {
      t.deepEqual([port, machine, takesRequests], [null, '', exclusion === null]);
      if (traffic !== null) t.is(traffic.clientErrors, 0);
    }
  }
  t.is(ticks, lines.length);
  t.is(ticks, 24);
});

for (const policy of policyNames) {
  test(`a recording of version 1 is replayed with ${policy}`, async (t) => {
    const replay = new BackendReplay('web', { policy, settings: null });
    for await (const read of readRecordings([file])) if (read.ok) t.true(replay.tick(read.value.record).ok);
    t.like(replay.summary, { ticks: 24, failedTicks: 0, failure: null, missingTicks: 0, cutRuns: 0 });
  });
}

test('haweight replay says once that a recording is older, and goes on', async (t) => {
  const { code, stdout, stderr } = await haweight(['replay', file, '--policy', 'equal']);
  t.is(code, 0, stderr);
  t.is(stderr.match(/recorded by an older haweight \(version 1\)/g)?.length, 1, stderr);
  t.regex(stdout, /24 ticks/);
});

const now = recordOf(
  [observed('s1')],
  [
    {
      server: 's1',
      weight: 100,
      write: false,
      drained: false,
      load: 0.4,
      delta: 0,
      reasons: [{ code: 'equal', factor: 1 }],
    },
  ],
);

/** The tick as a later version may write it. */
function newer(): Record<string, unknown> & typeof now {
  const tick = JSON.parse(JSON.stringify({ ...now, haweightRecording: recordingVersion + 1, mood: 'good' }));
  tick.observations[0].rack = { row: 7 };
  tick.observations[0].agent.utilisation.disk = 0.5;
  tick.observations[0].traffic.shed = 3;
  tick.decisions[0].confidence = 0.9;
  tick.decisions[0].reasons.push({ code: 'moon', phase: 'full' });
  tick.settings.guard.patience = 4;
  return tick;
}

test('of a newer recording the fields that are known are read', (t) => {
  const parsed = line(JSON.stringify(newer()));
  if (!parsed.ok) return t.fail(parsed.error);
  t.deepEqual(parsed.value, { ...now, haweightRecording: recordingVersion + 1 });
});

test('a newer tick that cannot be understood is one line that says so', (t) => {
  const strange = newer();
  Object.assign(strange.observations[0] ?? {}, { exclusion: 'asleep' });
  const parsed = line(JSON.stringify(strange));
  t.is(
    parsed.ok ? '' : parsed.error,
    `recorded by a newer haweight (version ${recordingVersion + 1}; this one reads up to ${recordingVersion}): upgrade to replay it`,
  );
});

test('in this version a key that is not known is refused, as it was', (t) => {
  const parsed = line(JSON.stringify({ ...newer(), haweightRecording: recordingVersion }));
  t.regex(parsed.ok ? '' : parsed.error, /^the tick holds an invalid value: /);
});

test('of an older tick the reasons that are known are read: some are given no longer', (t) => {
  const tick = JSON.parse(lines[0] ?? '');
  const parsed = line(JSON.stringify(tick));
  const [first] = tick.decisions;
  first.reasons.push({ code: 'ejection-refused', share: 0.9, because: 'last-server' });
  t.deepEqual(line(JSON.stringify(tick)), parsed);
  t.true(parsed.ok);
});

test('an older tick with an invalid value is refused, whatever it lacks', (t) => {
  const tick = JSON.parse(lines[0] ?? '');
  for (const change of [
    { observations: 'none' },
    { observations: [17] },
    { observations: [null] },
    { elapsedMs: -1 },
    { observations: [{ ...tick.observations[0], traffic: 'much' }] },
    { observations: [{ ...tick.observations[0], port: -1 }] },
  ]) {
    t.regex(line(JSON.stringify({ ...tick, ...change })).ok ? '' : 'refused', /refused/);
  }
});

for (const version of [0, -1, 1.5, '1', null, true]) {
  test(`${JSON.stringify(version)} is not a version of recordings`, (t) => {
    t.false(line(JSON.stringify({ ...now, haweightRecording: version })).ok);
  });
}

test('a file that an upgraded controller went on writing is read from end to end', async (t) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'ticks.jsonl');
  await writeFile(path, `${lines.slice(0, 2).join('\n')}\n`);
  await appendFile(path, `${JSON.stringify({ ...now, run: now.run + 1 })}\n${JSON.stringify(newer())}\n`);
  const versions: number[] = [];
  for await (const read of readRecordings([path])) versions.push(read.ok ? read.value.record.haweightRecording : -1);
  t.deepEqual(versions, [1, 1, recordingVersion, recordingVersion + 1]);
});
