/** What is done to the fleet. */
export type Fault =
  | 'reload'
  | 'agent killed'
  | 'agent started'
  | 'agent stopped'
  | 'agent continued'
  | 'server killed'
  | 'server started'
  | 'drain'
  | 'ready';

export interface Step {
  /** From the start of the cycle, in s. */
  readonly atSeconds: number;
  readonly fault: Fault;
  /** null: HAProxy itself. */
  readonly server: string | null;
}

export const cycleSeconds = 60;
/** From here to the end of a cycle no fault is caused, and the earlier ones are over: returned servers have their weight. */
export const quietFromSeconds = 50;

/** The faults of every cycle. s5 and s6 are left alone. */
export const steps: readonly Step[] = [
  { atSeconds: 1, fault: 'reload', server: null },
  { atSeconds: 4, fault: 'agent killed', server: 's1' },
  { atSeconds: 10, fault: 'agent started', server: 's1' },
  { atSeconds: 13, fault: 'agent stopped', server: 's2' },
  { atSeconds: 19, fault: 'agent continued', server: 's2' },
  { atSeconds: 22, fault: 'server killed', server: 's3' },
  { atSeconds: 27, fault: 'server started', server: 's3' },
  // while s3 is still on its ramp
  { atSeconds: 31, fault: 'reload', server: null },
  { atSeconds: 35, fault: 'drain', server: 's4' },
  { atSeconds: 41, fault: 'ready', server: 's4' },
];
