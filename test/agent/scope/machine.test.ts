import test from 'ava';
import { readMachine } from '../../../agent/scope/machine.ts';
import { RecordedTree } from '../support.ts';

const bootId = '1865005f-cc9f-44d4-86d0-4850cc87af88';
const path = '/proc/sys/kernel/random/boot_id';

test('agents on one machine say its boot id and its online cores, whatever they measure', (t) => {
  for (const name of ['host', 'container-v2'] as const) {
    using tree = new RecordedTree(name);
    tree.write(path, `${bootId}\n`);
    t.deepEqual(readMachine(tree.files), { machine: bootId, machineCores: 4 });
    tree.write('/sys/devices/system/cpu/online', '0-5,8\n');
    t.deepEqual(readMachine(tree.files), { machine: bootId, machineCores: 7 });
  }
});

test('what the kernel does not say is left out', (t) => {
  using tree = new RecordedTree('host');
  tree.remove('/proc/stat');
  t.deepEqual(readMachine(tree.files), {});
  for (const text of ['', '\0\0', 'no id', `${bootId}${bootId}`]) {
    tree.write(path, text);
    t.deepEqual(readMachine(tree.files), {});
  }
});
