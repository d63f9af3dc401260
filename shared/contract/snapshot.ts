import { z } from 'zod';

/**
 * What an agent reports. One schema for both sides. Version 2 added the optional fields `machine`, `machineCores`, `pressure`,
 * `memoryEvents`, `warnings` and `connections` of the TCP queues; version 1 has the same fields otherwise.
 */
export const snapshotVersion = 2;
/** The oldest version that a controller reads. */
export const oldestSnapshotVersion = 1;

/** The environment variable with the bearer token of agents, for an agent and for the controller that asks it. */
export const agentTokenVariable = 'HAWEIGHT_AGENT_TOKEN';

export const metricNames = ['cpu', 'ram', 'bandwidth', 'threads', 'tcpQueues'] as const;
export type MetricName = (typeof metricNames)[number];

/** Largest snapshot that a controller reads, in bytes; a real one is about 1.5 kB. */
export const maxSnapshotBytes = 64 * 1024;

/** A utilisation or ratio, 0 to 1. */
const ratio = z.number().min(0).max(1);
const count = z.number().int().nonnegative();
const amount = z.number().nonnegative().max(Number.MAX_SAFE_INTEGER);
const text = z.string().max(300);

/** Why a metric is unknown. Unknown is never 0. */
export const unavailableReasons = {
  'warming-up': 'the first window is not over yet',
  'not-supported': 'this system does not offer it',
  'no-limit': 'there is nothing to compare with: configure the limit',
  'no-permission': 'the agent may not read it',
  'target-gone': 'the measured process or group is not there',
  failed: 'the collector failed; detail says how',
} as const;

const unavailable = z.object({
  status: z.literal('unavailable'),
  reason: z.enum(Object.keys(unavailableReasons) as [UnavailableReason, ...UnavailableReason[]]),
  detail: text,
});

function metric<Raw extends z.ZodType>(raw: Raw) {
  return z.discriminatedUnion('status', [z.object({ status: z.literal('ok'), utilisation: ratio, raw }), unavailable]);
}

/** Over the window: core-seconds used of core-seconds that were there; time stolen by the hypervisor counts as used. */
const cpuRaw = z.object({ busyCoreSeconds: amount, availableCoreSeconds: amount, stealCoreSeconds: amount });

const ramRaw = z.object({ usedBytes: amount, limitBytes: amount });

/** The busiest interface over the window; full duplex, so the busier direction counts. */
const bandwidthRaw = z.object({
  interface: text,
  receiveBitsPerSecond: amount,
  transmitBitsPerSecond: amount,
  linkBitsPerSecond: amount,
});

const threadsRaw = z.object({
  threads: count,
  limit: count,
  limitSource: z.enum(['configured', 'cgroup', 'rlimit', 'kernel']),
});

/** Bytes in a socket's queue against that socket's own buffer, as the kernel says both. */
const socketQueue = z.object({ queuedBytes: amount, bufferBytes: amount, ratio, local: text, peer: text });

/** Connections that wait to be accepted against the listening socket's backlog: connections, never bytes. */
const acceptQueue = z.object({ waitingConnections: count, backlog: count, ratio, local: text });

/** Connected sockets, and how many of them have a full queue (`fullQueue`). */
const connections = z.object({ total: count, receiveFull: count, sendFull: count });

/** The worst of each kind; null where there is no such socket. */
const tcpQueuesRaw = z.object({
  receive: socketQueue.nullable(),
  send: socketQueue.nullable(),
  accept: acceptQueue.nullable(),
  sockets: count,
  /** Absent: an older agent's. */
  connections: connections.optional(),
});

const scope = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('host') }),
  z.object({ kind: z.literal('cgroup'), version: z.union([z.literal(1), z.literal(2)]), path: text }),
  z.object({ kind: z.literal('process'), pid: count, port: count.optional() }),
  /** A newer agent's, which this version does not know; no agent sends it. */
  z.object({ kind: z.literal('unknown') }),
]);

/** Share of the last 10 s in which some (or all) tasks waited for a resource, 0 to 1; null where the kernel does not say. */
const stalled = z.object({ some: ratio.nullable(), full: ratio.nullable() });

/** Pressure stall information of the scope: a real shortage, where a full cache is none. */
export const pressureSchema = z.object({ cpu: stalled.nullable(), memory: stalled.nullable(), io: stalled.nullable() });

/** `memory.events` of the control group, each a count since the group was made. */
export const memoryEventsSchema = z.object({ high: count, max: count, oom: count, oomKill: count });

export const snapshotSchema = z.object({
  version: z.number().int().min(oldestSnapshotVersion),
  host: z.string().min(1).max(255),
  /** The server's name in HAProxy where the agent was told it: the controller refuses another server's snapshot. */
  server: z.string().min(1).max(255).optional(),
  scope,
  /** When the sample was taken, by the agent's wall clock, in ms since 1970. For people; never used to judge age. */
  takenAtMs: count,
  /** How old the sample was when it was sent, by the agent's monotonic clock, in ms. Wall clocks may disagree. */
  ageMs: amount,
  /** Length of the window that rates were averaged over, in ms. */
  windowMs: amount,
  /** CPU cores that the scope may use (a quota of half a core is 0.5). */
  effectiveCores: z.number().positive().max(65_536),
  /** The same for all agents on one machine, and for no other machine: the kernel's boot id. */
  machine: z.string().min(1).max(100).optional(),
  /** CPU cores of the whole machine: the scopes on it cannot have more together. */
  machineCores: z.number().positive().max(65_536).optional(),
  pressure: pressureSchema.optional(),
  memoryEvents: memoryEventsSchema.optional(),
  /** What is measured may not be what is meant: one line each, with what to do. */
  warnings: z.array(text).max(10).optional(),
  metrics: z.object({
    cpu: metric(cpuRaw),
    ram: metric(ramRaw),
    bandwidth: metric(bandwidthRaw),
    threads: metric(threadsRaw),
    tcpQueues: metric(tcpQueuesRaw),
  }),
});

export type UnavailableReason = keyof typeof unavailableReasons;
export type Snapshot = z.infer<typeof snapshotSchema>;
export type Scope = Snapshot['scope'];
export type Metrics = Snapshot['metrics'];
export type Metric<Name extends MetricName> = Metrics[Name];
export type SocketQueue = z.infer<typeof socketQueue>;
export type Pressure = z.infer<typeof pressureSchema>;
export type Stalled = z.infer<typeof stalled>;
export type MemoryEvents = z.infer<typeof memoryEventsSchema>;
export type AcceptQueue = z.infer<typeof acceptQueue>;
export type Connections = z.infer<typeof connections>;
export type TcpQueues = z.infer<typeof tcpQueuesRaw>;
