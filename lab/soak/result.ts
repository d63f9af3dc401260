import type { Done, TroubleAt } from './explain.ts';
import type { Sample } from './sample.ts';

/** What a soak did and measured. The verdict depends on nothing else. */
export interface Soak {
  readonly samples: readonly Sample[];
  readonly troubles: readonly TroubleAt[];
  readonly done: readonly Done[];
  readonly scrapes: { readonly count: number; readonly failed: number };
  /** Steps of the soak that failed, such as a reload that HAProxy did not finish. */
  readonly notCaused: readonly string[];
  /** The limit on all files of the recording together. */
  readonly recordingBytes: number;
  /** The guard's deadband: a weight is written when it differs by more than this part. */
  readonly deadband: number;
}
