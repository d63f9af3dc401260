/** A fault of a server. */
export type Fault =
  /** It answers no request and resets every connection, like a removed VM. */
  | { readonly kind: 'gone' }
  /** This many processes burn CPU beside the application, within the server's quota. */
  | { readonly kind: 'burn'; readonly processes: number }
  /** It answers 500 at once. */
  | { readonly kind: 'failing' }
  /** Its requests wait for something else first, such as a database, for this long. */
  | { readonly kind: 'waiting'; readonly waitMs: number };

/** A fault of some servers, from one time to another; ms from the start of what is counted. */
export interface Event {
  readonly fromMs: number;
  readonly toMs: number;
  readonly servers: readonly string[];
  readonly fault: Fault;
}

/** Bursts on top of the base load: from 0 on, every `everyMs`, for `lengthMs`, with the `peaks` in turn. */
export interface Bursts {
  readonly everyMs: number;
  readonly lengthMs: number;
  /** Rate during a burst / capacity. */
  readonly peaks: readonly number[];
}

export interface Scenario {
  readonly name: ScenarioName;
  /** For tables and captions. */
  readonly title: string;
  /** The publication's figure that it follows, where there is one. */
  readonly figure?: string;
  readonly durationMs: number;
  /** Rate of requests / capacity of all servers together. */
  readonly load: number;
  readonly bursts?: Bursts;
  readonly events?: readonly Event[];
  /** How long every request waits for something else first, in ms; in the warm-up, too. */
  readonly waitMs?: number;
  /** A share of the requests needs `factor` times the CPU of the others; the mean of all stays what it is. */
  readonly slow?: { readonly share: number; readonly factor: number };
}

export const scenarioNames = [
  'steady-50',
  'steady-70',
  'steady-85',
  'over-utilised',
  'removed-1',
  'removed-2',
  'removed-3',
  'saturated-3',
  'flash-135',
  'flash-188',
  'flash-240',
  'flash-110-190',
  'noisy-neighbour',
  'fails-fast',
  'slow-tenth',
  'wait-appears',
  'wait-150',
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/**
 * `full`, `quick` and `limits` (contenders with and without limits, in scenarios that tell them apart) on unequal servers;
 * `publication`: its contenders and scenarios on equal ones.
 */
export const matrixNames = ['full', 'quick', 'publication', 'limits'] as const;
export type MatrixName = (typeof matrixNames)[number];

/**
 * Relative sizes of the servers, with the same sum. Weights are for unequal servers; equal ones make a comparison
 * with round robin fair. Which of the unequal ones fail is chosen so that 1, 2 and 3 of them are 2, 6 and 8
 * parts of 13.
 */
export const fleets = {
  unequal: { s1: 1, s2: 2, s3: 2, s4: 4, s5: 4 },
  equal: { s1: 2.6, s2: 2.6, s3: 2.6, s4: 2.6, s5: 2.6 },
} as const;

/** The publication's rates, in requests per second, and the capacity that makes the highest 190 % of it, as its text says. */
const publishedRates = { low: 135, middle: 188, high: 240 } as const;
const publishedCapacity = publishedRates.high / 1.9;

/** What a request to a database may take. */
const waitMs = 150;

const steady = (percent: 50 | 70 | 85): Scenario => ({
  name: `steady-${percent}`,
  title: `steady load of ${percent} %`,
  durationMs: 10_000,
  load: percent / 100,
});

const removed = (count: 1 | 2 | 3): Scenario => ({
  name: `removed-${count}`,
  title: `${count} of 5 servers removed`,
  figure: '5, 6',
  durationMs: 10_000,
  load: 0.5,
  events: [{ fromMs: 300, toMs: 5_300, servers: ['s2', 's4', 's3'].slice(0, count), fault: { kind: 'gone' } }],
});

const flash = (rate: 135 | 188 | 240): Scenario => ({
  name: `flash-${rate}`,
  title: `flash crowds of ${Math.round((100 * rate) / publishedCapacity)} % (its ${rate} requests/s)`,
  figure: '7',
  durationMs: 10_000,
  load: 0.7,
  bursts: { everyMs: 5_000, lengthMs: 300, peaks: [rate / publishedCapacity] },
});

export const scenarios: readonly Scenario[] = [
  steady(50),
  steady(70),
  steady(85),
  {
    name: 'over-utilised',
    title: 'an over-utilised server',
    figure: '4',
    durationMs: 16_000,
    load: 0.5,
    events: [{ fromMs: 2_000, toMs: 10_000, servers: ['s4'], fault: { kind: 'burn', processes: 3 } }],
  },
  removed(1),
  removed(2),
  removed(3),
  {
    name: 'saturated-3',
    title: '3 of 5 servers saturated for 5 s',
    durationMs: 11_000,
    load: 0.5,
    events: [{ fromMs: 1_000, toMs: 6_000, servers: ['s2', 's3', 's4'], fault: { kind: 'burn', processes: 3 } }],
  },
  flash(135),
  flash(188),
  flash(240),
  {
    name: 'flash-110-190',
    title: 'a minute of flash crowds, 110 to 190 %',
    durationMs: 60_000,
    load: 0.7,
    bursts: { everyMs: 5_000, lengthMs: 300, peaks: [1.1, 1.3, 1.5, 1.7, 1.9] },
  },
  {
    name: 'noisy-neighbour',
    title: 'a noisy neighbour on a large server',
    durationMs: 16_000,
    load: 0.7,
    events: [{ fromMs: 1_000, toMs: 12_000, servers: ['s5'], fault: { kind: 'burn', processes: 1 } }],
  },
  {
    name: 'fails-fast',
    title: 'a server that fails fast',
    durationMs: 14_000,
    load: 0.5,
    events: [{ fromMs: 1_000, toMs: 11_000, servers: ['s3'], fault: { kind: 'failing' } }],
  },
  {
    name: 'slow-tenth',
    title: 'a tenth of the requests needs ten times the CPU',
    durationMs: 20_000,
    load: 0.7,
    slow: { share: 0.1, factor: 10 },
  },
  {
    name: 'wait-appears',
    title: 'every request begins to wait',
    durationMs: 24_000,
    load: 0.7,
    events: [
      { fromMs: 6_000, toMs: 18_000, servers: ['s1', 's2', 's3', 's4', 's5'], fault: { kind: 'waiting', waitMs } },
    ],
  },
  { name: 'wait-150', title: 'every request waits 150 ms', durationMs: 20_000, load: 0.7, waitMs },
];
