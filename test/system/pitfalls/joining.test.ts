import test, { type ExecutionContext } from 'ava';
import { traitsOf } from '../../../haproxy/versions.ts';
import { operatorSays } from '../../../testbed/rig/operator.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { testedVersion } from '../../haproxy/setup.ts';
import { appPort, Stack } from '../../support/stack.ts';
import { OpenLoad } from '../faults/support/open-load.ts';

/** What HAProxy has sent to the servers while the newcomer had one weight. */
interface Stretch {
  /** The newcomer's weight, as a part of the mean of the others'. */
  readonly part: number;
  /** Its part of all requests, 0 to 1, and how many these were. */
  readonly share: number;
  readonly requests: number;
  /** The part of the requests that the weights give it. */
  readonly fairShare: number;
}

const newcomer = 's4';

/** Stack, load and controller, with steady weights. */
async function settled() {
  const stack = await Stack.start({ servers: ['s1', 's2', 's3', newcomer] });
  const load = new OpenLoad(stack.port, 100);
  stack.endsWith(load);
  await stack.startController();
  await until('our weights', async () => (await stack.weight(newcomer)) > 200);
  return stack;
}

async function look(stack: Stack) {
  const rows = await stack.haproxy.api.stats('web');
  if (!rows.ok) throw new Error(JSON.stringify(rows.error));
  const servers = rows.value.filter(({ kind }) => kind === 'server');
  const own = servers.find(({ name }) => name === newcomer);
  const others = servers.filter(({ name }) => name !== newcomer);
  const sum = (of: (row: (typeof servers)[number]) => number) => others.reduce((total, row) => total + of(row), 0);
  return {
    weight: own?.weight ?? 0,
    given: own?.totalSessions ?? 0,
    othersWeight: sum(({ weight }) => weight),
    othersGiven: sum(({ totalSessions }) => totalSessions),
  };
}

/** Watches HAProxy from now until the newcomer has its whole weight. */
async function watch(stack: Stack): Promise<Stretch[]> {
  const stretches: Stretch[] = [];
  let start = await look(stack);
  await until('its whole weight', async () => {
    const now = await look(stack);
    if (now.weight !== start.weight) {
      // it changed after the last look, so this stretch has at most a little of the next one
      const requests = now.given - start.given + now.othersGiven - start.othersGiven;
      stretches.push({
        part: start.weight / (start.othersWeight / 3),
        share: (now.given - start.given) / Math.max(1, requests),
        requests,
        fairShare: start.weight / (start.weight + start.othersWeight),
      });
      start = now;
    }
    return now.weight > 0.9 * (now.othersWeight / 3) && stretches.length >= 2;
  });
  return stretches;
}

/**
 * The first stretch is HAProxy's own, until haweight first looks, or the weight that was written while it was down; the others
 * are the ramp, which begins with this part of the weight at most.
 */
function isRamp(t: ExecutionContext, [before, ...ramp]: readonly Stretch[], first: number): void {
  const shown = JSON.stringify([before, ...ramp]);
  t.log(`at first: ${JSON.stringify(before)}`);
  t.log(
    `then: ${ramp.map(({ part, share, requests }) => `${part.toFixed(2)} ${share.toFixed(3)} of ${requests}`).join(', ')}`,
  );
  t.true((ramp[0]?.part ?? 1) < first, shown);
  const total = (of: (stretch: Stretch) => number) => ramp.reduce((sum, stretch) => sum + of(stretch), 0);
  const [given, fair] = [({ share }: Stretch) => share, ({ fairShare }: Stretch) => fairShare].map((of) =>
    total((stretch) => of(stretch) * stretch.requests),
  );
  t.true((given ?? 0) <= 1.35 * (fair ?? 0) + 3, shown);
}

test.serial('a server added at run time ramps up', async (t) => {
  await using stack = await settled();
  const experimental = traitsOf(testedVersion).addServerIsExperimental ? 'experimental-mode on;' : '';
  const say = (line: string) => operatorSays(stack.haproxy, experimental + line);
  await say(`set server web/${newcomer} state maint`);
  await until('deleted', async () => /deleted/.test(await say(`del server web/${newcomer}`)));
  await stack.ticks(2);
  t.regex(await say(`add server web/${newcomer} ${stack.addressOf(newcomer)}:${appPort} weight 100`), /New server/);
  const watching = watch(stack);
  await say(`enable server web/${newcomer}`);
  isRamp(t, await watching, 0.3);
});

test.serial('a server back from maintenance ramps up', async (t) => {
  await using stack = await settled();
  const say = (line: string) => operatorSays(stack.haproxy, line);
  await say(`set server web/${newcomer} state maint`);
  await stack.ticks(2);
  const watching = watch(stack);
  await say(`set server web/${newcomer} state ready`);
  isRamp(t, await watching, 0.7);
});

test.serial('a server back from DOWN ramps up', async (t) => {
  await using stack = await settled();
  const say = (line: string) => operatorSays(stack.haproxy, line);
  await say(`disable health web/${newcomer};set server web/${newcomer} health down`);
  await stack.ticks(2);
  t.regex(await say('show stat web 4 -1'), new RegExp(`${newcomer},.*DOWN`));
  const watching = watch(stack);
  await say(`set server web/${newcomer} health up`);
  isRamp(t, await watching, 0.8);
});
