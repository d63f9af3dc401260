import { z } from 'zod';
import { type Decision, decisionSchema } from '../../shared/contract/decision.ts';
import { type Observation, observationSchema } from '../../shared/contract/observation.ts';
import { type Config, configSchema } from '../config/schema.ts';

/** A change that an older reader would misread gets a new number. Other versions are read too: `other-versions.ts`. */
export const recordingVersion = 4;

/** How every line begins, in all versions. */
export const lineBeginning = '{"haweightRecording":';

/** Longest line that is written or read, in bytes: a tick of about 16,000 servers. */
export const maxLineBytes = 16 * 1024 * 1024;

/** What decisions depend on besides the observations, the policy and what it remembers. */
export const settingsSchema = configSchema.pick({
  factors: true,
  thresholds: true,
  guard: true,
  limits: true,
  policies: true,
});
export type DecisionSettings = z.output<typeof settingsSchema>;

export function decisionSettings({
  factors,
  thresholds,
  guard,
  limits,
  policies,
}: Pick<Config, keyof DecisionSettings>): DecisionSettings {
  return { factors, thresholds, guard, limits, policies };
}

/** Wall clock in ms since 1970, as far as a date goes. */
const instant = z.number().int().min(0).max(8_640_000_000_000_000);

/** What happened to a tick's decisions: sent (or nothing was to be sent), only shown, or not taken by HAProxy. */
export const outcomes = ['written', 'dry-run', 'refused'] as const;

/** One tick of one backend: a line of a recording, which can be understood without the others. */
export const tickRecordSchema = z.strictObject({
  /** As it was written, so that a reader can tell. */
  haweightRecording: z.number().int().min(1),
  /** Wall clock at the end of the tick, in ms since 1970. */
  at: instant,
  /** When the controller that recorded it started, in ms since 1970: each start learns anew. */
  run: instant,
  /** 1 for the backend's first tick since that start, then one more each: a gap shows what is missing. */
  tick: z.number().int().positive(),
  backend: z.string(),
  algorithm: z.string().nullable(),
  /** Since the tick before (the period, at the first), in ms. */
  elapsedMs: z.number().nonnegative(),
  policy: z.string(),
  settings: settingsSchema,
  outcome: z.enum(outcomes),
  observations: z.array(observationSchema),
  decisions: z.array(decisionSchema),
});

/** As parsed, but with read-only lists, so that what a loop hands over is not copied. */
export type TickRecord = Readonly<Omit<z.output<typeof tickRecordSchema>, 'observations' | 'decisions'>> & {
  readonly observations: readonly Observation[];
  readonly decisions: readonly Decision[];
};
