import { z } from 'zod';
import { currentScenarioName } from '../../testbed/simulator/scenario-names.ts';
import { contenderNames } from './contenders.ts';
import { matrixNames, scenarioNames } from './scenarios.ts';

/** Outcome of a request: the status of HAProxy's answer, or why there was none. */
export const answered = 200;
export const noAnswer = 0;

/**
 * Raw data of one cell: one run of one scenario under one contender. Columns instead of rows, because they compress
 * well; all columns of a table have the same length. Times in ms from the end of the warm-up.
 */
export const cellSchema = z.strictObject({
  format: z.literal(1),
  scenario: z.string().transform(currentScenarioName).pipe(z.enum(scenarioNames)),
  contender: z.enum(contenderNames),
  /** 1, 2, 3 ... */
  repetition: z.int().positive(),
  seed: z.int(),
  startedAt: z.iso.datetime(),
  durationMs: z.number().positive(),
  /** Other columns use this order; `capacity` in requests per second, as calibrated. */
  servers: z.array(z.strictObject({ name: z.string(), cores: z.number().positive(), capacity: z.number().positive() })),
  /** Every request that was due within `durationMs`. */
  requests: z.strictObject({
    /** When it was due. */
    atMs: z.array(z.number()),
    /** From when it was due to the end of the answer, or to the deadline. */
    responseMs: z.array(z.number()),
    /** 200: answered in time; other statuses as HAProxy or the server gave them; 0: no answer within the deadline, or the connection broke. */
    status: z.array(z.int()),
    /** Index of the server that answered, -1: none. */
    server: z.array(z.int()),
  }),
  /** State of the system, several times a second. */
  samples: z.strictObject({
    atMs: z.array(z.number()),
    /** Weight in HAProxy, 0 to 256, by server; each a column. */
    weights: z.array(z.array(z.int())),
    /** CPU used / CPU quota since the sample before, 0 to 1 (a little above is possible), by server; each a column. */
    utilisation: z.array(z.array(z.number())),
    /** 1: HAProxy reports the server UP. */
    up: z.array(z.array(z.int())),
  }),
  /** How late requests were sent, in ms. A cell whose generator lagged does not count. */
  generator: z.strictObject({ p99LagMs: z.number(), maxLagMs: z.number() }),
  /** null: the cell counts; otherwise why it does not, as a clause. */
  discarded: z.string().nullable(),
});

export type Cell = z.infer<typeof cellSchema>;

/** Facts of a run that all its cells share; in `run.json`. */
export const runSchema = z.strictObject({
  format: z.literal(1),
  startedAt: z.iso.datetime(),
  /** Which contenders and scenarios were run; see matrix.ts. */
  matrix: z.enum(matrixNames),
  repetitions: z.int().positive(),
  seed: z.int(),
  /** Stacks that ran at the same time. */
  jobs: z.int().positive(),
  haweight: z.string(),
  haproxy: z.string(),
  node: z.string(),
  machine: z.strictObject({ cpu: z.string(), cores: z.int(), memoryBytes: z.number(), kernel: z.string() }),
  /** 'containers' or 'cgroups'. */
  servers: z.enum(['containers', 'cgroups']),
  /** Requests that share the CPU of a server; runs from before there was a choice have 1. */
  atOnce: z.int().positive().default(1),
  demandCpuMs: z.number(),
  /** Requests per second that each server can answer, as measured at the start with all stacks busy; empty until then. */
  capacities: z.record(z.string(), z.number().positive()),
  /** The same sum over all servers, of one stack while the others were idle; null until measured. */
  capacityAlone: z.number().positive().nullable(),
});

export type Run = z.infer<typeof runSchema>;
