import type { Problem } from '../shared/contract/problem.ts';
import { backendStatic, weightsIgnored } from '../shared/contract/problems/backend.ts';

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
 * What can be known without writing. Where it is not `dynamic`, the first refused weight tells (`backend-static`).
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
