import type { Done, TroubleAt } from './explain.ts';
import type { Sample } from './sample.ts';

/** What a soak did and saw; the verdict is made of nothing else. */
export interface Soak {
  readonly samples: readonly Sample[];
  readonly troubles: readonly TroubleAt[];
  readonly done: readonly Done[];
  readonly scrapes: { readonly count: number; readonly failed: number };
  /** What of the soak itself could not be done, such as a reload that HAProxy did not finish. */
  readonly notCaused: readonly string[];
  /** The limit on all files of the recording together. */
  readonly recordingBytes: number;
  /** Weights are written when they differ by more than this part. */
  readonly deadband: number;
}
