import { z } from 'zod';
import { agentPort, controllerPort, defaultSocket, httpUrlPattern } from '../../shared/contract/endpoints.ts';
import { hostPattern, nameAlphabet, namePattern } from '../../shared/contract/limits.ts';
import { defaultPolicy, policyNames } from '../../shared/contract/policy-names.ts';
import { defaultLimitMode, limitModes } from '../../shared/contract/server-limit.ts';
import { queueParts } from '../../shared/contract/tcp-queues.ts';
import { logLevels } from '../../shared/process/log.ts';
import { defaultGuardSettings } from '../decide/guard/settings.ts';
import { defaultCapacitySettings } from '../decide/policies/capacity.ts';
import { defaultPickOneSettings } from '../decide/policies/pick-one.ts';

/** Names that go into Runtime API commands. */
const haproxyName = z.string().regex(namePattern, `a name of ${nameAlphabet}`);
const httpUrl = z
  .string()
  .regex(httpUrlPattern, `a URL such as http://10.0.0.1:${agentPort}, without user or password`);
const peerUrl = z
  .string()
  .regex(httpUrlPattern, `a URL such as http://10.0.0.2:${controllerPort}, without user or password`)
  .transform((url) => url.replace(/\/+$/, ''));
/** Each is asked at every tick. */
const mostPeers = 32;
const path = z.string().min(1);
const threshold = z.number().gt(0, 'a number above 0 and up to 1').max(1);
const share = (max: number) => z.number().min(0).max(max);
const factor = share(1);
const gain = z.number().min(0.01).max(1);

/** Periods that a minute can be divided into, in ms: the schedule is a cron expression. */
export const periodsMs = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60].map((seconds) => seconds * 1_000);

const factors = z
  .strictObject({ cpu: factor, ram: factor, bandwidth: factor, threads: factor })
  .refine(({ cpu, ram, bandwidth, threads }) => Math.abs(cpu + ram + bandwidth + threads - 1) < 1e-6, {
    error: 'four factors that sum to 1',
  });

/** The same for controller and agents: the controller's own certificate, and whom it is asked for. */
const serverTls = z.strictObject({ cert: path, key: path, clientCa: path.optional() });

/** Whom to trust, and our own certificate. */
const clientTls = { ca: path.optional(), cert: path.optional(), key: path.optional() };
const isPair = ({ cert, key }: { readonly cert?: string | undefined; readonly key?: string | undefined }) =>
  (cert === undefined) === (key === undefined);
const pairExpected = { error: 'cert and key together, or neither' };

const agentTls = z
  .strictObject({ ...clientTls, verify: z.enum(['address', 'server']).default('address') })
  .refine(isPair, pairExpected);
const peerTls = z.strictObject(clientTls).refine(isPair, pairExpected);

const recording = z.strictObject({
  file: z.string().min(1),
  maxBytes: z
    .number()
    .int()
    .min(64 * 1024)
    .max(16 * 1024 ** 3)
    .default(64 * 1024 ** 2),
  files: z.number().int().min(1).max(1_000).default(5),
});

/** The configuration file, key by key; docs/configuration.md explains each, and a test holds the two together. */
export const configSchema = z.strictObject({
  haproxy: z
    .strictObject({
      socket: z.string().min(1).default(defaultSocket),
      timeoutMs: z.number().int().min(50).max(10_000).default(1_000),
    })
    .prefault({}),
  backends: z
    .array(z.strictObject({ name: haproxyName, agents: z.record(haproxyName, httpUrl).default({}) }))
    .min(1, 'at least one backend')
    .refine((backends) => new Set(backends.map(({ name }) => name)).size === backends.length, {
      error: 'each backend once',
    }),
  agents: z
    .strictObject({
      url: httpUrl
        .regex(/\{(address|server)\}/, 'a URL with {address} or {server} in it')
        .default(`http://{address}:${agentPort}`),
      timeoutMs: z.number().int().min(50).max(10_000).default(1_000),
      staleAfterMs: z.number().int().min(500).max(60_000).default(3_000),
      tokenFile: z.string().min(1).optional(),
      tls: agentTls.optional(),
    })
    .prefault({}),
  /** Controllers of other HAProxys before the same servers. */
  peers: z
    .strictObject({
      urls: z
        .array(peerUrl)
        .max(mostPeers)
        .refine((urls) => new Set(urls).size === urls.length, { error: 'each peer once' })
        .default([]),
      timeoutMs: z.number().int().min(50).max(10_000).default(1_000),
      tokenFile: z.string().min(1).optional(),
      tls: peerTls.optional(),
    })
    .prefault({}),
  periodMs: z
    .number()
    .refine((period) => periodsMs.includes(period), {
      error: 'a period that a minute can be divided into: 1000, 2000, 3000, 4000, 5000, 6000, 10000, ... 60000',
    })
    .default(2_000),
  policy: z.enum(policyNames).default(defaultPolicy),
  shadow: z
    .array(z.enum(policyNames))
    .refine((names) => new Set(names).size === names.length, { error: 'each policy once' })
    .default([]),
  policies: z
    .strictObject({
      capacity: z
        .strictObject({
          forgetting: gain.default(defaultCapacitySettings.forgetting),
          jumpDeviations: z.number().min(1).max(10).default(defaultCapacitySettings.jumpDeviations),
          saturationGain: gain.default(defaultCapacitySettings.saturationGain),
          backlogSeconds: z.number().min(0.5).max(60).default(defaultCapacitySettings.backlogSeconds),
        })
        .prefault({}),
      pickOne: z
        .strictObject({
          pick: z.enum(['most-utilised', 'least-utilised']).default(defaultPickOneSettings.pick),
          cpuThreshold: threshold.default(defaultPickOneSettings.cpuThreshold),
          ramThreshold: threshold.default(defaultPickOneSettings.ramThreshold),
        })
        .prefault({}),
    })
    .prefault({}),
  factors: factors.default({ cpu: 0.5, ram: 0.3, bandwidth: 0.15, threads: 0.05 }),
  thresholds: z
    .strictObject({
      cpu: threshold.default(0.8),
      ram: threshold.default(0.8),
      bandwidth: threshold.default(0.8),
      threads: threshold.default(0.85),
      tcpQueues: threshold.default(0.9),
    })
    .prefault({}),
  tcpQueueParts: z
    .array(z.enum(queueParts))
    .min(1, 'at least one of receive, send, accept')
    .default([...queueParts]),
  guard: z
    .strictObject({
      returnMargin: share(0.5).default(defaultGuardSettings.returnMargin),
      maxDrainedShare: share(0.5).default(defaultGuardSettings.maxDrainedShare),
      ejectMs: z.number().int().min(1_000).max(300_000).default(defaultGuardSettings.ejectMs),
      floor: share(0.5).default(defaultGuardSettings.floor),
      deadband: share(0.5).default(defaultGuardSettings.deadband),
    })
    .prefault({}),
  limits: z.enum(limitModes).default(defaultLimitMode),
  /** Left out: 127.0.0.1:9478, or for a dry run any port if that one is in use. */
  listen: z.string().optional(),
  tokenFile: z.string().min(1).optional(),
  tls: serverTls.optional(),
  insecure: z.boolean().default(false),
  allowHosts: z.array(z.string().regex(hostPattern, 'names or addresses without a port')).default([]),
  onExit: z.enum(['restore', 'keep']).default('restore'),
  dryRun: z.boolean().default(false),
  record: recording.optional(),
  logLevel: z.enum(logLevels).default('info'),
});

/** The same, checked as a whole: what one key may be depends on another. */
export const wholeConfigSchema = configSchema
  .refine(({ policy, shadow }) => !shadow.includes(policy), {
    path: ['shadow'],
    error: 'policies other than the one in force',
  })
  .refine(({ agents, backends }) => agents.tls === undefined || urlsOf(agents.url, backends).some(isHttps), {
    path: ['agents', 'url'],
    error: 'a URL that begins with https://, as agents.tls is given',
  })
  .refine(({ peers }) => peers.tls === undefined || peers.urls.some(isHttps), {
    path: ['peers', 'urls'],
    error: 'a URL that begins with https://, as peers.tls is given',
  });

function urlsOf(template: string, backends: readonly { readonly agents: Readonly<Record<string, string>> }[]) {
  return [template, ...backends.flatMap(({ agents }) => Object.values(agents))];
}

function isHttps(url: string): boolean {
  return url.startsWith('https:');
}

export type Config = z.output<typeof configSchema>;
export type BackendConfig = Config['backends'][number];
