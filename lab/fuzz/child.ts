import { openSync, writeSync } from 'node:fs';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { leaksDescriptors } from './process-facts.ts';
import type { Assignment } from './protocol.ts';
import { Runner } from './runner.ts';
import { isTargetName, targets } from './targets/registry.ts';

/** How often progress is reported and memory is sampled, in ms. */
const reportMs = 500;
/** Cases that wait for nothing let no timer and no message through: after this many ms the loop lets them. */
const turnMs = 20;
/** How long connections of the last cases may take to close, in ms. */
const settleMs = 20_000;

const assignment = JSON.parse(process.argv[2] ?? '{}') as Assignment;
let stopping = false;
process.on('message', () => {
  stopping = true;
});
process.on('disconnect', () => process.exit(1));

await run(assignment);

async function run({ target: name, seed, firstCase, cases, positionFile }: Assignment): Promise<void> {
  if (!isTargetName(name)) throw new Error(`no such target: ${name}`);
  const target = await targets[name].load();
  const open = await target.open();
  const runner = new Runner(target, open);
  const collect = globalThis.gc ?? (() => {});
  const position = openSync(positionFile, 'w');
  let [reportedMs, turnedMs] = [performance.now(), performance.now()];
  for (let number = firstCase; !stopping && (cases === null || number < firstCase + cases); number += 1) {
    writeSync(position, `${number}\n`, 0);
    await runner.run(seed, number);
    const nowMs = performance.now();
    if (nowMs - turnedMs > turnMs) {
      await turn();
      turnedMs = performance.now();
    }
    if (nowMs - reportedMs > reportMs) {
      await runner.sampleMemory(collect);
      process.send?.(runner.progress(false));
      reportedMs = performance.now();
    }
  }
  open.settle?.();
  const endMs = performance.now() + settleMs;
  while (leaksDescriptors(runner.countDescriptors()) && performance.now() < endMs) await delay(100);
  await open[Symbol.asyncDispose]();
  process.send?.(runner.progress(true), () => process.exit(0));
}
