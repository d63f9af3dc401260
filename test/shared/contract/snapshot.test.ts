import test from 'ava';
import { maxSnapshotBytes, snapshotSchema } from '../../../shared/contract/snapshot.ts';
import { snapshot } from '../../support/snapshot.ts';

const good = snapshot();

test('a snapshot survives JSON, and stays far below the size limit', (t) => {
  const json = JSON.stringify(good);
  t.deepEqual(snapshotSchema.parse(JSON.parse(json)), good);
  t.true(json.length < maxSnapshotBytes / 10);
});

function refuses(changed: unknown): boolean {
  return !snapshotSchema.safeParse(changed).success;
}

for (const [what, value] of [
  ['NaN', Number.NaN],
  ['a negative number', -0.1],
  ['a huge number', 1e308],
  ['infinity', Number.POSITIVE_INFINITY],
  ['null', null],
  ['text', '0.5'],
] as const) {
  test(`a utilisation that is ${what} is refused`, (t) => {
    t.true(refuses({ ...good, metrics: { ...good.metrics, cpu: { ...good.metrics.cpu, utilisation: value } } }));
  });
  test(`an age that is ${what} is refused`, (t) => t.true(refuses({ ...good, ageMs: value })));
}

test('a version from before the first is refused', (t) => t.true(refuses({ ...good, version: 0 })));

test('a missing metric is refused, because unknown must be explicit', (t) => {
  const { cpu: _, ...metrics } = good.metrics;
  t.true(refuses({ ...good, metrics }));
});

test('a snapshot with no cores is refused', (t) => t.true(refuses({ ...good, effectiveCores: 0 })));

test('an unavailable metric needs a known reason', (t) => {
  const cpu = { status: 'unavailable', reason: 'because', detail: '' };
  t.true(refuses({ ...good, metrics: { ...good.metrics, cpu } }));
});
