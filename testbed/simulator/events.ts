import { z } from 'zod';
import { nameAlphabet, namePattern } from '../../shared/contract/limits.ts';
import { metricNames } from '../../shared/contract/snapshot.ts';

export const serverName = z.string().max(100).regex(namePattern, `a name of ${nameAlphabet}`);
const utilisation = z.number().min(0).max(1);
/** Before 0 it is still the warm-up. */
const fromSeconds = z.number().min(-86_400).max(86_400);

const during = { server: serverName, fromSeconds, untilSeconds: fromSeconds.optional() };
const factor = z.number().gt(0, 'a number above 0 and up to 1').max(1);

/** A fault of a server, until its end (default: the end of the run). Times count from the end of the warm-up. */
const eventKinds = z.discriminatedUnion(
  'kind',
  [
    /** Requests in flight break, connections are refused, the agent is unreachable. */
    z.strictObject({ kind: z.literal('crash'), ...during }),
    z.strictObject({ kind: z.literal('removed'), ...during }),
    /** Its capacity is this part of what it was, and the CPU metric measures against what is left (as with steal). */
    z.strictObject({ kind: z.literal('slow'), ...during, factor }),
    /** The same, but the CPU metric shows only half of the loss. */
    z.strictObject({ kind: z.literal('hidden-slow'), ...during, factor }),
    z.strictObject({ kind: z.literal('frozen-agent'), ...during }),
    /** Its agent reports this for every metric, and this many cores (default: the true ones), whatever the truth is. */
    z.strictObject({
      kind: z.literal('lying-agent'),
      ...during,
      utilisation,
      cores: z.number().gt(0, 'a number above 0 and up to 65536').max(65_536).optional(),
    }),
    /**
     * One metric is at `utilisation` without traffic, and that much higher (`withLoad`) while all cores are busy: memory that
     * a heap keeps, threads that a pool keeps, a send buffer that a paused download fills.
     */
    z.strictObject({
      kind: z.literal('metric'),
      ...during,
      metric: z.enum(metricNames).exclude(['cpu']),
      utilisation,
      withLoad: utilisation.default(0),
    }),
    /** Requests wait this many times as long without CPU (`ioMs`). */
    z.strictObject({ kind: z.literal('slow-disk'), ...during, times: z.number().gt(0).max(10_000) }),
    /** Each request waits this much longer without CPU, as for a database. */
    z.strictObject({ kind: z.literal('wait'), ...during, ms: z.number().gt(0).max(600_000) }),
    /** Answers 500 at once, without work. */
    z.strictObject({ kind: z.literal('blackhole'), ...during }),
    /** The same for this share of its requests. */
    z.strictObject({
      kind: z.literal('errors'),
      ...during,
      share: z.number().min(0).max(1),
      /** With this status instead of 500. */
      status: z.number().int().min(400).max(599).optional(),
    }),
  ],
  {
    error:
      'an event of kind crash, removed, slow, hidden-slow, frozen-agent, lying-agent, metric, slow-disk, wait, blackhole or errors',
  },
);

export const eventSchema = eventKinds.refine(
  ({ fromSeconds, untilSeconds }) => untilSeconds === undefined || untilSeconds > fromSeconds,
  { error: 'a time after fromSeconds', path: ['untilSeconds'] },
);

export type ServerEvent = z.output<typeof eventSchema>;
export type EventInput = z.input<typeof eventSchema>;
