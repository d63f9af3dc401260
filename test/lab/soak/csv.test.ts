import test from 'ava';
import { toCsv } from '../../../lab/soak/sample.ts';
import { soakOf } from './soak-support.ts';

test('CSV has a line for each sample, a column for each figure, and an empty field for an unknown one', (t) => {
  const { samples } = soakOf({ minutes: 1 });
  const [head = '', ...rows] = toCsv(samples).trimEnd().split('\n');
  const columns = head.split(',');
  t.is(rows.length, samples.length);
  t.true(rows.every((row) => row.split(',').length === columns.length));
  const cell = (row: number, name: string) => rows[row]?.split(',')[columns.indexOf(name)];
  t.is(cell(1, 'atMs'), '2000');
  t.is(cell(1, 'agents.s5.residentMiB'), '100');
  t.is(cell(1, 'controller.liveMiB'), '');
  t.is(cell(29, 'controller.liveMiB'), '20');
  t.is(cell(29, 'quiet'), 'true');
  const gone = samples.map((sample) => ({ ...sample, agents: { ...sample.agents, s5: null } }));
  t.false(toCsv(gone).includes('s5.residentMiB'));
});
