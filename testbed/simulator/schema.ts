import { z } from 'zod';
import { periodsMs } from '../../controller/index.ts';
import { weightSchema } from '../../shared/contract/observation.ts';
import { contenderSchema } from './contender-schema.ts';
import { eventSchema, serverName } from './events.ts';

export type { EventInput, ServerEvent } from './events.ts';

export const balances = ['roundrobin', 'leastconn', 'random'] as const;
export type Balance = (typeof balances)[number];

const aboveZero = (max: number) => z.number().gt(0, `a number above 0 and up to ${max}`).max(max);
const seconds = z.number().min(0).max(86_400);
/** Share of the fleet's capacity. */
const load = aboveZero(10);
const connections = z.number().int().min(1).max(1_000_000);

const serverSchema = z
  .strictObject({
    name: serverName,
    cores: aboveZero(1_024),
    /** Work that a core does in a second, in seconds of a core of speed 1. The agent does not know it. */
    speed: aboveZero(100).default(1),
    discipline: z.enum(['processor-sharing', 'fifo']).default('processor-sharing'),
    /** Of discipline fifo only: requests at work at once. Default: the cores, rounded. */
    workers: z.number().int().min(1).max(100_000).optional(),
    /** Of processor sharing: most requests at work at once. */
    threads: z.number().int().min(1).max(100_000).default(200),
    /** Most connections that wait to be accepted; more are refused. */
    backlog: z.number().int().min(0).max(10_000_000).default(128),
    configuredWeight: weightSchema.default(100),
    /** HAProxy's `maxconn` and `minconn` of the server. Default: those of all servers. */
    maxconn: connections.optional(),
    minconn: connections.optional(),
    /** Cores that the application can use, such as 1 for a program of one thread. Default: all. */
    usableCores: aboveZero(1_024).optional(),
    /** Mean wait of a request that takes no CPU (a disk, a database), exponential, before its work, in ms. */
    ioMs: z.number().min(0).max(600_000).default(0),
    /** Waits without CPU take no thread or worker, as in Node.js, and no room in the backlog. */
    asyncIo: z.boolean().default(false),
  })
  .refine(({ discipline, workers }) => workers === undefined || discipline === 'fifo', {
    error: 'workers with discipline fifo only',
    path: ['workers'],
  })
  .refine(({ usableCores, cores }) => usableCores === undefined || usableCores <= cores, {
    error: 'at most its cores',
    path: ['usableCores'],
  });

/** Another load for some time; times count from the end of the warm-up. */
const loadSchema = z
  .strictObject({ fromSeconds: seconds, untilSeconds: seconds, load: z.number().min(0).max(10) })
  .refine(({ fromSeconds, untilSeconds }) => untilSeconds > fromSeconds, {
    error: 'a time after fromSeconds',
    path: ['untilSeconds'],
  });

const scenarioSchema = z.strictObject({
  loads: z
    .array(loadSchema)
    .refine((loads) => loads.every(({ fromSeconds }, i) => fromSeconds >= (loads[i - 1]?.untilSeconds ?? 0)), {
      error: 'loads in the order of their times, none before the one above it has ended',
    })
    .default([]),
  events: z.array(eventSchema).default([]),
  /** The first HAProxy has the service address, and from then on the one of this number, which gets every new request. */
  addressMoves: z
    .array(z.strictObject({ fromSeconds: seconds, toHaproxy: z.number().int().min(1).max(100) }))
    .refine((moves) => moves.every(({ fromSeconds }, i) => fromSeconds > (moves[i - 1]?.fromSeconds ?? -1)), {
      error: 'moves in the order of their times',
    })
    .default([]),
});

export const fleetSchema = z
  .array(serverSchema)
  .min(1, 'at least one server')
  .max(2_000)
  .refine((fleet) => new Set(fleet.map(({ name }) => name)).size === fleet.length, { error: 'each name once' });

/** One run, as a file or a program describes it. */
export const experimentSchema = z
  .strictObject({
    fleet: fleetSchema,
    /** Mean work of a request, in ms of a core of speed 1. */
    demandMs: aboveZero(60_000).default(20),
    /** Standard deviation of the work over its mean; of distribution lognormal only. */
    demandCv: z.number().min(0).max(20).default(1.5),
    demandDistribution: z.enum(['lognormal', 'exponential']).default('lognormal'),
    /** Part of the requests that need `slowTimes` as much work as the others; `demandMs` stays the mean of all. */
    slowShare: z.number().min(0).max(1).default(0),
    slowTimes: aboveZero(1_000).default(10),
    /** Requests as a share of the fleet's capacity; or `rate`. */
    load: load.optional(),
    /** Requests per second. */
    rate: aboveZero(1_000_000).optional(),
    /** Length of what is measured, after the warm-up. */
    seconds: aboveZero(86_400).default(60),
    warmupSeconds: seconds.default(20),
    haproxys: z.number().int().min(1).max(100).default(1),
    balance: z.enum(balances).default('roundrobin'),
    /** HAProxy's `timeout server`. */
    timeoutMs: aboveZero(600_000).default(5_000),
    /** `timeout queue`. */
    timeoutQueueMs: aboveZero(600_000).default(5_000),
    /** `maxconn` and `minconn` of every server line that has none of its own. Without them there is no limit. */
    maxconn: connections.optional(),
    minconn: connections.optional(),
    /** The backend's `fullconn`. */
    fullconn: connections.optional(),
    /** HAProxy retries 500, 502, 503 and empty answers elsewhere, and takes a server down that refuses three connections. */
    fastPath: z.boolean().default(false),
    contender: contenderSchema,
    scenario: scenarioSchema.prefault({}),
    periodMs: z
      .number()
      .refine((period) => periodsMs.includes(period), { error: `one of ${periodsMs.join(', ')}` })
      .default(2_000),
    seed: z.number().int().min(0).max(4_294_967_295).default(1),
  })
  .superRefine((experiment, context) => {
    for (const message of limitProblems(experiment)) context.addIssue({ code: 'custom', message, path: ['fullconn'] });
  })
  .refine(({ load, rate }) => (load === undefined) !== (rate === undefined), {
    error: 'either load or rate',
    path: ['load'],
  })
  .superRefine(({ scenario, haproxys }, context) => {
    for (const [index, { toHaproxy }] of scenario.addressMoves.entries()) {
      if (toHaproxy <= haproxys) continue;
      const path = ['scenario', 'addressMoves', index, 'toHaproxy'];
      context.addIssue({ code: 'custom', message: `a HAProxy, 1 to ${haproxys}`, path });
    }
  })
  .superRefine(({ fleet, scenario }, context) => {
    const names = new Set(fleet.map(({ name }) => name));
    for (const [index, { server }] of scenario.events.entries()) {
      if (names.has(server)) continue;
      const path = ['scenario', 'events', index, 'server'];
      context.addIssue({ code: 'custom', message: 'the name of a server of the fleet', path });
    }
  });

function limitProblems(experiment: {
  readonly fleet: readonly ServerSpec[];
  readonly minconn?: number | undefined;
  readonly fullconn?: number | undefined;
  readonly contender: Contender;
}): readonly string[] {
  const { fleet, minconn, fullconn, contender } = experiment;
  const hasMinconn = minconn !== undefined || fleet.some((server) => server.minconn !== undefined);
  const isBounded = 'limits' in contender && contender.limits?.bound !== undefined;
  if (fullconn === undefined && hasMinconn) return ['fullconn, which minconn needs'];
  return isBounded && !(hasMinconn && fullconn !== undefined) ? ['minconn and fullconn, which a bound needs'] : [];
}

export type Experiment = z.output<typeof experimentSchema>;
export type ExperimentInput = z.input<typeof experimentSchema>;
export type ServerSpec = z.output<typeof fleetSchema>[number];
export type Scenario = Experiment['scenario'];
export type ScenarioInput = z.input<typeof scenarioSchema>;
export type Contender = z.output<typeof contenderSchema>;
