import { openSync, writeSync } from 'node:fs';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { Player } from './player.ts';
import type { Assignment } from './protocol.ts';
import { isTargetName, targets } from './targets/registry.ts';

/** How often it says how far it is, and looks at the memory, in ms. */
const reportMs = 500;
/** A case that waits for nothing lets no timer and no message through: after this, in ms, it lets them. */
const breathMs = 20;
/** How long connections of the last cases may take to close, in ms. */
const settleMs = 20_000;
/** Descriptors more than at the start that are no leak: a connection that is kept, a pipe of the runtime. */
const slack = 4;

const assignment = JSON.parse(process.argv[2] ?? '{}') as Assignment;
let stopping = false;
process.on('message', () => {
  stopping = true;
});
// Ctrl-C goes to all: the parent tells us to stop. Without a parent there is nobody to report to.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(1));

await run(assignment);

async function run({ target: name, seed, firstCase, cases, whereabouts }: Assignment): Promise<void> {
  if (!isTargetName(name)) throw new Error(`no such target: ${name}`);
  const target = await targets[name].load();
  const open = await target.open();
  const player = new Player(target, open);
  const collect = globalThis.gc ?? (() => {});
  const place = openSync(whereabouts, 'w');
  let [reportedMs, breathedMs] = [performance.now(), performance.now()];
  for (let number = firstCase; !stopping && (cases === null || number < firstCase + cases); number += 1) {
    writeSync(place, `${number}\n`, 0);
    await player.play(seed, number);
    const nowMs = performance.now();
    if (nowMs - breathedMs > breathMs) {
      await turn();
      breathedMs = performance.now();
    }
    if (nowMs - reportedMs > reportMs) {
      player.look(collect);
      process.send?.(player.progress(false));
      reportedMs = performance.now();
    }
  }
  const endMs = performance.now() + settleMs;
  for (;;) {
    const { before, after } = player.countDescriptors();
    if (before === null || after <= before + slack || performance.now() > endMs) break;
    await delay(100);
  }
  await open[Symbol.asyncDispose]();
  process.send?.(player.progress(true), () => process.exit(0));
}
