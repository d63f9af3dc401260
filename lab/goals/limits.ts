import type { Contender, ExperimentInput } from '../../testbed/simulator/schema.ts';

type Limited = Pick<ExperimentInput, 'contender' | 'maxconn' | 'minconn' | 'fullconn'>;

/** Lines of haproxy.cfg with which HAProxy scales limits to what is in flight. */
const bounded = { maxconn: 10_000, minconn: 2, fullconn: 10_000 };

const limits = {
  'bound-0.1': (contender) => ({ ...bounded, contender: fixed(contender, { bound: 0.1 }) }),
  'bound-0.25': (contender) => ({ ...bounded, contender: fixed(contender, { bound: 0.25 }) }),
  'per-core-3': (contender) => ({ contender: fixed(contender, { perCore: 3 }) }),
  'two-each': (contender) => ({ contender, maxconn: 2 }),
  /** The controller's own, where haproxy.cfg has the lines for them. */
  learned: (contender) => ({ ...bounded, contender: withLearned(contender) }),
} satisfies Record<string, (contender: Contender) => Limited>;

/** How servers are limited, by a short name. */
export type LimitsName = keyof typeof limits;

/** The keys of an experiment with this contender and these limits. */
export function withLimits(contender: Contender, name: LimitsName | undefined): Limited {
  return name === undefined ? { contender } : limits[name](contender);
}

function withLearned(contender: Contender): Contender {
  if (contender.kind !== 'policy') throw new RangeError('only a controller learns limits');
  return { ...contender, config: { ...contender.config, limits: 'on' } };
}

function fixed(contender: Contender, own: { readonly bound: number } | { readonly perCore: number }): Contender {
  if (contender.kind !== 'static' && contender.kind !== 'oracle') {
    throw new RangeError('only weights without a controller have fixed limits');
  }
  return { ...contender, limits: own };
}
