import { maxWeight } from '../shared/contract/limits.ts';
import type { Problem } from '../shared/contract/problem.ts';
import { backendStatic, weightsIgnored } from '../shared/contract/problems/backend.ts';
import { isValidName, type WeightChange } from './commands.ts';
import type { ServerState } from './servers-state.ts';

/** What a backend does with weights that are set at run time. */
export type WeightSupport = 'dynamic' | 'ignored' | 'static' | 'depends-on-hash-type' | 'unknown';

/**
 * By the name in column `algo` of `show stat`, which is not always the one in the configuration. The API does not show
 * `hash-type`: `consistent` takes any weight, `map-based` (the default) only 0 and the configured one.
 */
const supports: Readonly<Record<string, WeightSupport>> = {
  roundrobin: 'dynamic',
  leastconn: 'dynamic',
  random: 'dynamic',
  first: 'ignored',
  'static-rr': 'static',
  source: 'depends-on-hash-type',
  uri: 'depends-on-hash-type',
  url_param: 'depends-on-hash-type',
  hdr: 'depends-on-hash-type',
  'rdp-cookie': 'depends-on-hash-type',
  hash: 'depends-on-hash-type',
};

/**
 * What can be known without writing; `mustBeProbed` says where that is not enough.
 * HAProxy says `unknown` for `random` (seen on 2.6 to 3.4), so `unknown` must not count as a problem.
 */
export function weightSupport(algorithm: string | null): WeightSupport {
  const name = algorithm ?? '';
  return Object.hasOwn(supports, name) ? (supports[name] ?? 'unknown') : 'unknown';
}

/** Why weights have no effect on a backend of this algorithm; null: they have one, or may have one. */
export function algorithmProblem(backend: string, algorithm: string | null): Problem | null {
  switch (weightSupport(algorithm)) {
    case 'static':
      return backendStatic(backend, algorithm);
    case 'ignored':
      return weightsIgnored(backend, algorithm);
    default:
      return null;
  }
}

/**
 * Whether only a probe tells if the backend takes weights: the algorithm depends on `hash-type`, or has a name that is not
 * known here.
 */
export function mustBeProbed(algorithm: string | null): boolean {
  const support = weightSupport(algorithm);
  return support === 'depends-on-hash-type' || (support === 'unknown' && algorithm !== null && algorithm !== 'unknown');
}

/** What a probe looks at. */
type Candidate = Pick<ServerState, 'server' | 'weight' | 'configuredWeight' | 'adminState' | 'fault'>;

/**
 * Weights that, sent in one line, tell whether a backend takes any weight, and leave it as it is; empty where that is known
 * without them, null where no server can be used. HAProxy refuses a weight that is neither 0 nor the configured one where its
 * algorithm is static, and then nothing has changed; else the weight differs by one point until the next command of the line.
 * Servers in maintenance or drain come first, as no request is balanced to them; then the largest weight, of which one point is the least. Pure.
 */
export function probeWeights(servers: readonly Candidate[]): readonly WeightChange[] | null {
  const usable = servers.filter(({ server, fault }) => fault === undefined && isValidName(server));
  if (usable.some(({ weight, configuredWeight }) => weight !== 0 && weight !== configuredWeight)) return [];
  const rank = ({ adminState: { maintenance, drain }, weight }: Candidate) =>
    (maintenance || drain ? 1_000 : 0) + weight;
  const [best] = [...usable].sort((one, other) => rank(other) - rank(one));
  if (best === undefined) return null;
  const { server, weight, configuredWeight } = best;
  const near = [weight - 1, weight + 1, weight + 2].find(
    (each) => each > 0 && each <= maxWeight && each !== configuredWeight,
  );
  return near === undefined
    ? null
    : [
        { server, weight: near },
        { server, weight },
      ];
}
