import { until } from '../../../testbed/rig/wait.ts';
import { field } from '../../haproxy/recorded.ts';
import { haproxyTest as test } from '../../haproxy/setup.ts';
import { FieldFleet, type FleetPlan } from '../../support/field-fleet.ts';
import { haweight } from '../../support/process.ts';

/* Slots as ingress controllers make them, in three ways, and put into service over the socket. */

const backends = ['k8s', 'slots', 'route'];
const pod = 'pod:shop-7d9c-x2x4z:shop:http:10.128.0.5:8080';

function configurationOf({ addressOf, appPort, ports: [k8s, slots, route] }: FleetPlan): string {
  const at = (machine: number) => `${addressOf(machine)}:${appPort}`;
  const [, backend] = field('disabled-slots.cfg').split(/(?=^frontend)/m);
  const [, zero] = field('zero-slots.cfg').split(/(?=^frontend)/m);
  return [
    'defaults',
    '  mode http',
    '  timeout connect 1s',
    '  timeout client 10s',
    '  timeout server 10s',
    backend?.replace('18090', String(k8s)).replace('127.0.0.1:18081', at(1)).replace('127.0.0.1:18082', at(2)),
    zero?.replace('frontend f', 'frontend g').replace('18080', String(slots)).replace('127.0.0.1:18081', at(1)),
    `frontend h\n  bind 127.0.0.1:${route}\n  default_backend route`,
    field('placeholders.cfg')
      .replace(' 10.128.0.5:8080', ` ${at(1)}`)
      .replace('inter 5000ms', 'inter 500ms'),
    '',
  ].join('\n');
}

const start = () => FieldFleet.start({ backends, machines: 3, configuration: configurationOf });

/** As an ingress controller puts a pod into a slot. */
async function fill(fleet: FieldFleet, slot: string, machine: number, weight = ''): Promise<void> {
  const address = `set server ${slot} addr ${fleet.plan.addressOf(machine)} port ${fleet.plan.appPort}`;
  await fleet.operator(
    `${address};set server ${slot} state ready${weight === '' ? '' : `;set server ${slot} weight ${weight}`}`,
  );
}

const isNear = (share: number | undefined, expected: number) => Math.abs((share ?? 0) - expected) < 0.06;

test('slots that are `disabled` in the configuration get their share once they are in service', async (t) => {
  await using fleet = await start();
  await fill(fleet, 'k8s/SRV_3', 3);
  const controller = await fleet.startController();
  await until('even weights', async () => {
    const { SRV_1, SRV_2, SRV_3 } = await fleet.weights('k8s');
    return SRV_1 === 256 && SRV_2 === 256 && SRV_3 === 256;
  });
  t.is((await fleet.shown('k8s', 'SRV_4')).exclusion, 'maintenance');
  const shares = await fleet.shares('k8s', 200);
  for (const machine of ['m1', 'm2', 'm3']) t.true(isNear(shares[machine], 1 / 3), JSON.stringify(shares));

  // the slot is emptied, and filled again while the controller runs
  await fleet.operator('set server k8s/SRV_3 state maint');
  await until('it is left alone', async () => (await fleet.shown('k8s', 'SRV_3')).exclusion === 'maintenance');
  await fill(fleet, 'k8s/SRV_3', 2);
  await until('its full weight', async () => (await fleet.weights('k8s'))['SRV_3'] === 256);
  t.is((await controller.stop()).code, 0);
  t.deepEqual(await fleet.weights('k8s'), { SRV_1: 128, SRV_2: 128, SRV_3: 128, SRV_4: 128 });
});

test('slots of weight 0: managed while in service, drained, and given back the weight that they had', async (t) => {
  await using fleet = await start();
  const controller = await fleet.startController();
  t.is((await fleet.shown('slots', 'srv002')).exclusion, 'configured-zero');
  await fill(fleet, 'slots/srv002', 2, '1');
  await until('even weights', async () => {
    const { srv001, srv002 } = await fleet.weights('slots');
    return srv001 === 256 && srv002 === 256;
  });
  const shares = await fleet.shares('slots', 200);
  t.true(isNear(shares['m1'], 0.5) && isNear(shares['m2'], 0.5), JSON.stringify(shares));

  fleet.tell(2, { cpu: 0.97 });
  await until('srv002 drained', async () => (await fleet.weights('slots'))['srv002'] === 0);
  t.like(await fleet.shown('slots', 'srv002'), { exclusion: null, drained: true, configuredWeight: 1 });
  fleet.tell(2, {});
  await until('srv002 is back', async () => ((await fleet.weights('slots'))['srv002'] ?? 0) > 200);

  t.is((await controller.stop()).code, 0);
  t.deepEqual(await fleet.weights('slots'), { srv001: 1, srv002: 1, srv003: 0 });
});

test('slots of weight 0 after a controller that was killed: `haweight restore` and the next controller', async (t) => {
  await using fleet = await start();
  await fill(fleet, 'slots/srv002', 2, '1');
  const killed = await fleet.startController();
  const isOurs = async () => (await fleet.weights('slots'))['srv002'] === 256;
  await until('our weights', isOurs);
  await killed.kill();
  const next = await fleet.startController();
  await until('the same weights', isOurs);
  t.is((await fleet.shown('slots', 'srv002')).configuredWeight, 1, 'the likeliest: that of the others');
  await next.kill();
  t.is((await haweight(['restore', '--socket', fleet.haproxy.socket, '--backend', 'slots'])).code, 0);
  t.deepEqual(await fleet.weights('slots'), { srv001: 1, srv002: 1, srv003: 0 });
});

test('placeholders of a server-template cost no tick, and a pod in one of them is managed', async (t) => {
  await using fleet = await start();
  const controller = await fleet.startController();
  await until('the pod alone', async () => (await fleet.shown('route', pod)).exclusion === null);
  for (const slot of [1, 5]) t.is((await fleet.shown('route', `_dynamic-pod-${slot}`)).exclusion, 'maintenance');
  await fill(fleet, 'route/_dynamic-pod-1', 2, '1');
  await until('even weights', async () => {
    const weights = await fleet.weights('route');
    return weights[pod] === 256 && weights['_dynamic-pod-1'] === 256;
  });
  const shares = await fleet.shares('route', 200);
  t.true(isNear(shares['m1'], 0.5) && isNear(shares['m2'], 0.5), JSON.stringify(shares));
  t.is((await controller.stop()).code, 0);
  t.deepEqual(await fleet.weights('route'), {
    [pod]: 1,
    ...Object.fromEntries([1, 2, 3, 4, 5].map((slot) => [`_dynamic-pod-${slot}`, 1])),
  });
});
