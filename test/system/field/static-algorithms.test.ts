import { until } from '../../../testbed/rig/wait.ts';
import { field } from '../../haproxy/recorded.ts';
import { haproxyTest as test } from '../../haproxy/setup.ts';
import { FieldFleet, type FleetPlan } from '../../support/field-fleet.ts';
import { haweight } from '../../support/process.ts';

/* Algorithms that take only 0 and the configured weight: nothing is written, nothing stays at 0. */

const configured = { s1: 7, s2: 7, s3: 7 };
/** Over its threshold: it would be drained. */
const overRam = { ram: 0.952 };

/** `balance source`, or another algorithm in its place. */
function balancedBy(algorithm: string) {
  return ({ addressOf, appPort, ports }: FleetPlan) =>
    [1, 2, 3]
      .reduce(
        (text, machine) => text.replace(`127.0.0.1:1808${machine}`, `${addressOf(machine)}:${appPort}`),
        field('balance-source.cfg'),
      )
      .replace('18095', String(ports[0]))
      .replace('balance source', `balance ${algorithm}`);
}

const start = (algorithm: string) =>
  FieldFleet.start({ backends: ['src'], machines: 3, configuration: balancedBy(algorithm) });

for (const algorithm of ['source', 'uri', 'hdr(host)']) {
  test(`balance ${algorithm}: found out before anything is written, whatever a server says`, async (t) => {
    await using fleet = await start(algorithm);
    fleet.tell(3, overRam);
    const controller = await fleet.startController('--on-exit', 'keep');
    await until('the problem', async () =>
      (await fleet.shownBackend('src')).problem?.includes('does not take weights'),
    );
    await fleet.ticks(5);
    t.deepEqual(await fleet.weights('src'), configured);
    t.is((await fleet.status()).weightsWritten, 0);
    fleet.tell(3, {});
    await fleet.ticks(3);
    t.deepEqual(await fleet.weights('src'), configured);
    t.is(controller.events('backend problem').at(0)?.code, 'backend-static');
    t.deepEqual(controller.events('server drained'), []);
  });
}

test('balance source with hash-type consistent is managed like other algorithms', async (t) => {
  await using fleet = await start('source\n  hash-type consistent');
  fleet.tell(3, overRam);
  const controller = await fleet.startController();
  await until('s3 drained', async () => (await fleet.weights('src'))['s3'] === 0);
  fleet.tell(3, {});
  await until('s3 back', async () => ((await fleet.weights('src'))['s3'] ?? 0) > 100);
  t.is((await controller.stop()).code, 0);
  t.deepEqual(await fleet.weights('src'), configured);
});

test('a reload that brings a static algorithm ends all writing, with nothing left at 0', async (t) => {
  await using fleet = await start('roundrobin');
  fleet.tell(3, overRam);
  const controller = await fleet.startController();
  await until('s3 drained', async () => (await fleet.weights('src'))['s3'] === 0);
  await fleet.haproxy.reload(balancedBy('source')(fleet.plan));
  await until('the problem', async () => (await fleet.shownBackend('src')).problem?.includes('does not take weights'));
  await fleet.ticks(3);
  t.deepEqual(await fleet.weights('src'), configured);
  // an operator's weight 0 is not ours to put back
  await fleet.operator('set server src/s1 weight 0');
  await fleet.ticks(2);
  t.is((await controller.stop()).code, 0);
  t.deepEqual(await fleet.weights('src'), { ...configured, s1: 0 });
});

test('a dry run does not even probe', async (t) => {
  await using fleet = await start('source');
  fleet.tell(3, overRam);
  await fleet.startController('--dry-run');
  await until('s3 would be drained', async () => (await fleet.shown('src', 's3')).drained);
  t.is((await fleet.shownBackend('src')).problem, null);
  t.deepEqual(await fleet.weights('src'), configured);
  const check = await haweight(['controller', '--socket', fleet.haproxy.socket, '--backend', 'src', '--check']);
  t.is(check.code, 0, check.stderr);
});
