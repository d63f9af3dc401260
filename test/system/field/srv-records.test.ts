import { until } from '../../../testbed/rig/wait.ts';
import { field } from '../../haproxy/recorded.ts';
import { haproxyTest as test } from '../../haproxy/setup.ts';
import { type DnsServer, dnsServer, type Target } from '../../support/dns-server.ts';
import { FieldFleet, type FleetPlan } from '../../support/field-fleet.ts';
import { haweight } from '../../support/process.ts';

/* Servers from SRV records (Consul, Nomad, headless services of Kubernetes), with a real DNS server. */

const isNear = (share: number | undefined, expected: number) => Math.abs((share ?? 0) - expected) < 0.06;

async function startFleet(dns: DnsServer): Promise<FieldFleet> {
  const configuration = ({ ports: [own, other] }: FleetPlan) =>
    `${field('srv-records.cfg').replace('15353', String(dns.port)).replace('18090', String(own))}
frontend g
  bind 127.0.0.1:${other}
  default_backend consul2
`;
  const fleet = await FieldFleet.start({ backends: ['consul', 'consul2'], machines: 3, configuration });
  dns.set([1, 2].map((machine) => targetOf(fleet, machine)));
  const isUp = async (backend: string) => {
    const states = await fleet.haproxy.api.servers(backend);
    return states.ok && states.value.filter(({ upForMs }) => upForMs !== null).length === 2;
  };
  await until('the answers of the DNS', async () => (await isUp('consul')) && (await isUp('consul2')));
  return fleet;
}

function targetOf({ plan }: FieldFleet, machine: number): Target {
  return { name: `n${machine}.test.local`, address: plan.addressOf(machine), port: plan.appPort, weight: 1 };
}

/** The server that has the address of this machine; null: none. */
async function serverOf(fleet: FieldFleet, backend: string, machine: number): Promise<string | null> {
  const { servers } = await fleet.shownBackend(backend);
  return servers.find(({ address }) => address === fleet.plan.addressOf(machine))?.server ?? null;
}

test('with ignore-weight, servers from SRV records are managed, leave and come back', async (t) => {
  await using dns = await dnsServer([]);
  await using fleet = await startFleet(dns);
  fleet.tell(1, { cores: 4 });
  fleet.tell(2, { cores: 2 });
  const controller = await fleet.startController();
  const big = (await serverOf(fleet, 'consul2', 1)) ?? '';
  const small = (await serverOf(fleet, 'consul2', 2)) ?? '';
  const weights = () => fleet.weights('consul2');
  await until('weights by cores', async () => {
    const now = await weights();
    return (now[big] ?? 0) === 256 && Math.abs((now[small] ?? 0) - 128) < 13;
  });
  const shares = await fleet.shares('consul2', 300);
  t.true(isNear(shares['m1'], 2 / 3), JSON.stringify(shares));
  t.is((await fleet.shownBackend('consul2')).problem, null, 'nobody contests them');

  // more answers of the DNS change nothing
  const before = dns.answered;
  await until('more answers', () => dns.answered > before + 5);
  t.is((await weights())[big], 256);

  // n2 goes, and machine 3 comes
  dns.set([1, 3].map((machine) => targetOf(fleet, machine)));
  await until('n3 is in', async () => {
    const name = await serverOf(fleet, 'consul2', 3);
    return name !== null && (await fleet.shown('consul2', name)).exclusion === null;
  });
  await until(
    'n2 is out',
    async () => (await serverOf(fleet, 'consul2', 2)) === null || (await isOut(fleet, 'consul2', 2)),
  );
  const third = (await serverOf(fleet, 'consul2', 3)) ?? '';
  await until('its weight by cores', async () => Math.abs(((await weights())[third] ?? 0) - 128) < 13);
  const after = await fleet.shares('consul2', 300);
  t.true(isNear(after['m1'], 2 / 3) && isNear(after['m3'], 1 / 3) && after['m2'] === undefined, JSON.stringify(after));
  t.is((await controller.stop()).code, 0);
  const left = await weights();
  t.deepEqual([left[big], left[third]], [100, 100], 'the configured weights are back');
});

async function isOut(fleet: FieldFleet, backend: string, machine: number): Promise<boolean> {
  const name = await serverOf(fleet, backend, machine);
  return name !== null && (await fleet.shown(backend, name)).exclusion !== null;
}

test('without it, the writer is named, and the traffic stays as HAProxy shares it', async (t) => {
  await using dns = await dnsServer([]);
  await using fleet = await startFleet(dns);
  fleet.tell(1, { cores: 4 });
  const controller = await fleet.startController();
  const problem = await until('the problem', async () => (await fleet.shownBackend('consul')).problem);
  t.regex(problem, /consul\/web\d and 1 more: HAProxy sets this weight from its SRV record too/);
  t.regex(problem, /"_web\._tcp\.test\.local"\. Add 'resolve-opts ignore-weight'/);
  const servers = await fleet.shownBackend('consul');
  t.is(servers.servers.filter(({ exclusion }) => exclusion === null).length, 2, 'they are in rotation');
  t.is(servers.servers.filter(({ exclusion }) => exclusion === 'maintenance').length, 2, 'the others have no address');
  // now and then ours is tried again, until the next answer of the DNS
  await until('the shares that HAProxy gives', async () => {
    const { m1, m2 } = await fleet.shares('consul', 200);
    return isNear(m1, 0.5) && isNear(m2, 0.5);
  });
  t.deepEqual(
    controller.events('servers from an SRV record').map(({ code }) => code),
    ['server-srv-record', 'server-srv-record'],
    'once for each backend',
  );
});

test('--check warns of SRV records, and passes', async (t) => {
  await using dns = await dnsServer([]);
  await using fleet = await startFleet(dns);
  const check = await haweight(['controller', '--socket', fleet.haproxy.socket, '-b', 'consul', '--check']);
  t.is(check.code, 0, check.stderr);
  t.regex(check.stderr, /^warning: consul\/web1 and 3 more: .*SRV record.*'resolve-opts ignore-weight'.*\n$/);
});
