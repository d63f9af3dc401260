import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ConfigFlags } from '../../../controller/config/flags.ts';
import { withCurrentNames } from '../../../controller/config/former-names.ts';
import { loadConfig } from '../../../controller/config/load.ts';
import { parseLine } from '../../../controller/record/parse-line.ts';
import { parseExperiment } from '../../../testbed/simulator/parse-experiment.ts';
import { temporaryFolder } from '../../haproxy/setup.ts';
import { recordOf, settings } from '../record/support.ts';

const note = 'note: least-utilised is called pick-one now; the old name still works';

async function load(yaml: string, flags: ConfigFlags = {}) {
  await using folder = await temporaryFolder();
  const config = join(folder.path, 'controller.yaml');
  writeFileSync(config, yaml);
  const warnings: string[] = [];
  return { config: loadConfig({ config, ...flags }, (line) => warnings.push(line)), warnings };
}

test('a policy in the file, in shadow and on the command line may have its former name, with one warning', async (t) => {
  const inForce = await load('backends: [{name: web}]\npolicy: least-utilised\n');
  t.is(inForce.config.policy, 'pick-one');
  t.deepEqual(inForce.warnings, [note]);
  const shadow = await load('backends: [{name: web}]\nshadow: [equal, least-utilised]\n');
  t.deepEqual(shadow.config.shadow, ['equal', 'pick-one']);
  t.deepEqual(shadow.warnings, [note]);
  const flags = await load('backends: [{name: web}]\n', { policy: 'equal', shadow: ['least-utilised'] });
  t.deepEqual(flags.config.shadow, ['pick-one']);
  t.deepEqual(flags.warnings, [note]);
});

test('the section of its constants too; a line names all that has changed', async (t) => {
  const { config, warnings } = await load(
    'backends: [{name: web}]\npolicy: least-utilised\npolicies: {leastUtilised: {pick: least-utilised}}\n',
  );
  t.is(config.policies.pickOne.pick, 'least-utilised', 'the value is a reading, no name of a policy');
  t.deepEqual(warnings, [
    'note: least-utilised is called pick-one now, policies.leastUtilised is called policies.pickOne now; the old name still works',
  ]);
});

test("today's names give no warning, and both sections at once are refused", async (t) => {
  const today = await load('backends: [{name: web}]\npolicy: pick-one\npolicies: {pickOne: {cpuThreshold: 0.8}}\n');
  t.deepEqual(today.warnings, []);
  await t.throwsAsync(() => load('backends: [{name: web}]\npolicies: {pickOne: {}, leastUtilised: {}}\n'), {
    message: /leastUtilised.*unknown key/,
  });
});

test('a recording from before is read as one of today', (t) => {
  const { pickOne, ...policies } = settings.policies;
  const now = recordOf([], [], { policy: 'pick-one' });
  const before = {
    ...now,
    policy: 'least-utilised',
    settings: { ...settings, policies: { ...policies, leastUtilised: pickOne } },
  };
  const parsed = parseLine({ number: 1, text: JSON.stringify(before), ended: true });
  t.deepEqual(parsed, { ok: true, value: now });
});

test('an experiment of the simulator may have it in its contender', (t) => {
  const contender = {
    kind: 'policy',
    policy: 'least-utilised',
    config: { policies: { leastUtilised: { ramThreshold: 0.8 } } },
  };
  const experiment = parseExperiment({ fleet: 'mild', load: 0.5, contender }, 'test');
  t.like(experiment.contender, { policy: 'pick-one', config: { policies: { pickOne: { ramThreshold: 0.8 } } } });
});

test('what a tree holds under other keys, or what is not a name, stays as it is', (t) => {
  const tree = JSON.parse(
    '{"__proto__": 1, "policy": [["least-utilised"], 3, null], "policies": [], "config": "least-utilised"}',
  );
  t.deepEqual(withCurrentNames(tree), { tree, note: null });
});
