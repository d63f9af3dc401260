import { createRequire } from 'node:module';
import test from 'ava';
import { firstThatWorks, loadLibC } from '../../../shared/process/libc.ts';

test('libc of this machine is found, and its calls work', (t) => {
  const libc = loadLibC();
  t.is(libc.close(-1), -1);
  // EBADF
  t.is(libc.errno(), 9);
});

test('a library that is not there, or lacks a function, is passed over for the next', (t) => {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const close = firstThatWorks(['libc.musl-none.so.1', 'libm.so.6', 'libc.so.6', 'libc.musl-x86_64.so.1'], (name) =>
    koffi.load(name).func('int close(int)'),
  );
  t.is(close(-1), -1);
});

test('without any library there is an error to report, and no crash', (t) => {
  t.throws(
    () =>
      firstThatWorks(['none-1.so', 'none-2.so'], (name) => {
        throw new Error(name);
      }),
    { message: 'none-1.so' },
  );
  t.throws(() => firstThatWorks([], () => 1));
});
