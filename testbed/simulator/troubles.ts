import type { FleetInput } from './fleets.ts';
import { ofMediumSize, plan, type ScenarioPlan, usualLoad } from './scenario-plan.ts';
import type { EventInput } from './schema.ts';

/* What happens to real fleets beside crowds and crashes, and must not get worse by a controller. */

type Build = (fleet: FleetInput) => ScenarioPlan;
type Unplaced = EventInput extends infer Event ? (Event extends unknown ? Omit<Event, 'server'> : never) : never;

/** The same event for each of these servers. */
function forEach(servers: readonly string[], event: Unplaced): EventInput[] {
  return servers.map((server) => ({ ...event, server }) as EventInput);
}

function names(fleet: FleetInput): string[] {
  return fleet.map(({ name }) => name);
}

/** What all share fails: every server answers 500 at once to this share of its requests, for 15 s of 90. */
function outage(fleet: FleetInput, share: number): ScenarioPlan {
  const events = forEach(names(fleet), { kind: 'errors', fromSeconds: 20, untilSeconds: 35, share });
  return plan(usualLoad, 90, { events });
}

/** What all share answers slowly: every server does a fifth of its work, for 10 s of 90. */
function sharedSlowdown(fleet: FleetInput): ScenarioPlan {
  const events = forEach(names(fleet), { kind: 'slow', fromSeconds: 20, untilSeconds: 30, factor: 0.2 });
  return plan(0.6, 90, { events });
}

/** Every server answers 404 to a fifth of its requests all the time, as sites do that are scanned. */
function commonRefusals(fleet: FleetInput): ScenarioPlan {
  return plan(usualLoad, 60, {
    events: forEach(names(fleet), { kind: 'errors', fromSeconds: -20, share: 0.2, status: 404 }),
  });
}

/** Every server is restarted, one after the other: 5 s away, one every 10 s. */
function rolling(fleet: FleetInput): ScenarioPlan {
  const everySeconds = 10;
  const events = names(fleet).flatMap((server, index) => {
    const fromSeconds = (index + 1) * everySeconds;
    return forEach([server], { kind: 'removed', fromSeconds, untilSeconds: fromSeconds + 5 });
  });
  return plan(usualLoad, (fleet.length + 3) * everySeconds, { events });
}

/** Metrics that are high and do not follow the traffic. They began long before what is measured. */
function resting(
  load: number,
  servers: readonly string[],
  metric: 'ram' | 'threads' | 'tcpQueues',
  utilisation: number,
) {
  const events = forEach(servers, { kind: 'metric', fromSeconds: -60, metric, utilisation });
  return { ...plan(load, 120, { events }), warmupSeconds: 80 };
}

/** A server's disk is this many times slower for 40 s. */
function stuckDisk(fleet: FleetInput, times: number): ScenarioPlan {
  const events = forEach(ofMediumSize(fleet, 1), { kind: 'slow-disk', fromSeconds: 10, untilSeconds: 50, times });
  return plan(0.6, 60, { events });
}

/** Every request waits 150 ms for a database, beside its work. */
function waiting(fleet: FleetInput, fromSeconds: number): ScenarioPlan {
  return plan(usualLoad, 60, { events: forEach(names(fleet), { kind: 'wait', fromSeconds, ms: 150 }) });
}

/** Three agents of five hang, and another server answers 500 at once, for 50 s. */
function blind(fleet: FleetInput): ScenarioPlan {
  const [failing = ''] = ofMediumSize(fleet, 1);
  const silent = names(fleet)
    .filter((name) => name !== failing)
    .slice(0, Math.ceil(0.6 * fleet.length));
  const events = [
    ...forEach(silent, { kind: 'frozen-agent', fromSeconds: -20 }),
    ...forEach([failing], { kind: 'errors', fromSeconds: 10, share: 1 }),
  ];
  return plan(0.5, 60, { events });
}

/** Three requests a second, and one server answers 500 at once. */
function trickle(fleet: FleetInput): ScenarioPlan {
  const events = forEach(ofMediumSize(fleet, 1), { kind: 'errors', fromSeconds: 0, share: 1 });
  const { load: _, ...rest } = plan(usualLoad, 300, { events });
  return { ...rest, rate: 3 };
}

/** A minute of more than the fleet can do. */
function overload(load: number): ScenarioPlan {
  return plan(usualLoad, 100, { loads: [{ fromSeconds: 10, untilSeconds: 70, load }] });
}

/** Every server stops for 0.8 s now and then, as for collecting garbage: its cores are busy, and no request gets on. */
function pauses(fleet: FleetInput): ScenarioPlan {
  const everySeconds = 10;
  const events = Array.from({ length: 6 }).flatMap((_, round) =>
    names(fleet).flatMap((server, index) => {
      const fromSeconds = (round + index / fleet.length) * everySeconds;
      return forEach([server], { kind: 'slow', fromSeconds, untilSeconds: fromSeconds + 0.8, factor: 0.001 });
    }),
  );
  return plan(0.65, 60, { events });
}

/** Requests are a third heavier for half a minute: as if every server had three quarters of its capacity. */
function heavierMix(fleet: FleetInput): ScenarioPlan {
  const events = forEach(names(fleet), { kind: 'slow', fromSeconds: 20, untilSeconds: 50, factor: 0.75 });
  return plan(0.62, 80, { events });
}

/** Three minutes of night with hardly a request, then a morning. */
function night(): ScenarioPlan {
  return plan(0.75, 240, { loads: [{ fromSeconds: 0, untilSeconds: 180, load: 0.01 }] });
}

/** Two HAProxys, one of which has the service address; after 30 s the other one gets it, and all requests. */
function standby(): ScenarioPlan {
  return { ...plan(usualLoad, 60, { addressMoves: [{ fromSeconds: 30, toHaproxy: 2 }] }), haproxys: 2 };
}

/** Two HAProxys, each with a controller, before the same servers, long enough for shares to drift. */
function shared(): ScenarioPlan {
  return { ...plan(0.6, 900), haproxys: 2 };
}

export const troubles: readonly (readonly [string, Build])[] = [
  ['outage', (fleet) => outage(fleet, 1)],
  ['outage-partly', (fleet) => outage(fleet, 0.6)],
  ['shared-slowdown', sharedSlowdown],
  ['common-404s', commonRefusals],
  ['rolling', rolling],
  ['ram-at-rest', (fleet) => resting(0.45, ofMediumSize(fleet, 2), 'ram', 0.82)],
  ['threads-standing', (fleet) => resting(0.5, ofMediumSize(fleet, 1), 'threads', 0.9)],
  ['slow-download', (fleet) => resting(0.5, ofMediumSize(fleet, 1), 'tcpQueues', 0.95)],
  ...[30, 100].map((times): [string, Build] => [`stuck-disk-${times}`, (fleet) => stuckDisk(fleet, times)]),
  ['io150', (fleet) => waiting(fleet, -20)],
  ['io-appears', (fleet) => waiting(fleet, 30)],
  ['slow-tenth', () => ({ ...plan(usualLoad, 60), slowShare: 0.1 })],
  ['blind', blind],
  ['trickle', trickle],
  ...[105, 120, 135, 150].map((percent): [string, Build] => [`overload-${percent}`, () => overload(percent / 100)]),
  ['heavy-tail', () => ({ ...plan(0.6, 120), demandCv: 5 })],
  ['slow-requests', () => ({ ...plan(0.6, 300), demandMs: 2_000, timeoutMs: 60_000 })],
  ['pauses', pauses],
  ['heavier-mix', heavierMix],
  ['night', night],
  ['standby', standby],
  ['two-controllers', shared],
];
