import { z } from 'zod';
import { describeIssues, readYamlFile, type Tree, withCurrentNames } from '../../controller/index.ts';
import { type PolicyName, policyNames } from '../../shared/contract/policy-names.ts';
import { type Problem, ProblemError } from '../../shared/contract/problem.ts';
import { didYouMean, unknownKey, usage } from '../../shared/contract/problems/settings.ts';
import { nearest } from '../../shared/nearest.ts';
import { fixedLimitsSchema } from '../../testbed/simulator/contender-schema.ts';
import { parseExperiment } from '../../testbed/simulator/parse-experiment.ts';
import { currentScenarioName, formerScenarioNote } from '../../testbed/simulator/scenario-names.ts';
import {
  type Balance,
  balances,
  type Contender,
  type Experiment,
  experimentSchema,
} from '../../testbed/simulator/schema.ts';
import { note } from '../exit.ts';
import { flagName, type SimulateFlags, treeOf } from './flags.ts';

const withoutController = {
  none: { kind: 'static', weights: 'configured' },
  static: { kind: 'static', weights: 'capacity' },
  oracle: { kind: 'oracle' },
} as const satisfies Record<string, Contender>;

/** What sets the weights: the controller with one of its policies, or fixed or ideal weights without a controller. */
export type ContenderName = PolicyName | keyof typeof withoutController;
export const contenderNames = [...policyNames, ...(Object.keys(withoutController) as ContenderName[])] as const;

/** One line of the result: what sets the weights, and HAProxy's algorithm. */
export interface Candidate {
  readonly policy: ContenderName;
  readonly balance: Balance;
  /** The experiment with the first seed. */
  readonly experiment: Experiment;
}

export interface Comparison {
  /** Name of the fleet; null if it is described by its servers. */
  readonly fleet: string | null;
  readonly scenario: string | null;
  readonly seeds: readonly number[];
  readonly candidates: readonly Candidate[];
}

const maxSeed = 4_294_967_295;
const once = <T>(names: readonly T[]) => new Set(names).size === names.length;
const eachOnce = { error: 'each name once' };

/** Keys of a comparison that an experiment does not have, or has with a single value. */
const ownSchema = z
  .object({
    policy: z
      .array(z.enum(contenderNames))
      .min(1, 'at least one name')
      .refine(once, eachOnce)
      .default(['none', 'adaptive', 'inverse-load', 'capacity', 'oracle']),
    balance: z
      .array(z.enum(balances))
      .min(1, 'at least one name')
      .refine(once, eachOnce)
      .default(['roundrobin', 'leastconn']),
    config: z.record(z.string(), z.unknown()).default({}),
    limits: fixedLimitsSchema.optional(),
    seed: z.number().int().min(0).max(maxSeed).default(1),
    seeds: z.number().int().min(1).max(1_000).default(3),
  })
  .refine(({ seed, seeds }) => seed + seeds - 1 <= maxSeed, { error: `a last seed up to ${maxSeed}`, path: ['seed'] });

const { contender: _, ...experimentShape } = experimentSchema.shape;

/** The file that a comparison is described in, key by key; docs/simulation.md explains each, and a test holds the two together. */
export const comparisonSchema = z.strictObject({ ...experimentShape, ...ownSchema.shape });

const defaults = { fleet: 'het', scenario: 'steady' };

/** Flags override the file, the file overrides defaults. Throws a ProblemError that names the flag or key. */
export function readComparison(flags: SimulateFlags): Comparison {
  const given = treeOf(flags);
  const file = flags.file === undefined ? {} : readYamlFile(flags.file);
  const where = flags.file ?? 'simulate';
  try {
    const { tree, note: formerNames } = withCurrentNames({ ...defaults, ...withoutLoad(file, given), ...given });
    if (formerNames !== null) note(formerNames);
    return parseComparison(withCurrentScenario(tree), where);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    throw new ProblemError(inUsersWords(error.problem, where, given));
  }
}

function withCurrentScenario(tree: Tree): Tree {
  const { scenario } = tree;
  if (typeof scenario !== 'string') return tree;
  const formerName = formerScenarioNote(scenario);
  if (formerName !== null) note(formerName);
  return { ...tree, scenario: currentScenarioName(scenario) };
}

/** A flag for load or rate replaces both keys of the file. */
function withoutLoad(file: Tree, given: Tree): Tree {
  if (given['load'] === undefined && given['rate'] === undefined) return file;
  const { load: _load, rate: _rate, ...rest } = file;
  return rest;
}

function parseComparison(tree: Tree, where: string): Comparison {
  const keys = Object.keys(comparisonSchema.shape);
  const unknown = Object.keys(tree).find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    const meant = nearest(unknown, keys);
    const details = meant === null ? {} : { fix: didYouMean(meant) };
    throw new ProblemError(unknownKey(`${where}: ${unknown}`, `one of ${keys.join(', ')}`, details));
  }
  const { policy: policies, balance: wanted, config, limits, seed, seeds } = ownValues(tree, where);
  const { policy: _policy, config: _config, limits: _limits, seeds: _seeds, ...shared } = tree;
  const candidates = policies.flatMap((policy) => {
    const contender = isPolicy(policy)
      ? { kind: 'policy', policy, config }
      : { ...withoutController[policy], ...(limits === undefined ? {} : { limits }) };
    return wanted.map((balance): Candidate => {
      return { policy, balance, experiment: parseExperiment({ ...shared, balance, contender, seed }, where) };
    });
  });
  const nameOf = (value: unknown) => (typeof value === 'string' ? value : null);
  return {
    fleet: nameOf(tree['fleet']),
    scenario: nameOf(tree['scenario']),
    seeds: Array.from({ length: seeds }, (_value, index) => seed + index),
    candidates,
  };
}

/** A single name counts as a list of one. */
function ownValues(tree: Tree, where: string): z.output<typeof ownSchema> {
  const listed = (key: string) => (typeof tree[key] === 'string' ? { [key]: [tree[key]] } : {});
  const own = { ...tree, ...listed('policy'), ...listed('balance') };
  const parsed = ownSchema.safeParse(own);
  if (parsed.success) return parsed.data;
  const checked = { schema: ownSchema, merged: own, flags: { config: where }, document: null };
  throw new ProblemError(describeIssues(parsed.error.issues, checked));
}

function isPolicy(name: ContenderName): name is PolicyName {
  return !Object.hasOwn(withoutController, name);
}

/** Names the flag or the key of the file that the invalid value came from. */
function inUsersWords(problem: Problem, where: string, given: Tree): Problem {
  const place = problem.where.replace(`${where}: contender.config`, `${where}: config`);
  const [key = ''] = place.slice(where.length + 2).split('.', 1);
  if (Object.hasOwn(given, key)) {
    const { code: _, where: _where, what, ...details } = problem;
    return usage(flagName(key), what, { fix: 'See haweight simulate --help.', ...details });
  }
  return { fix: 'docs/simulation.md lists every key.', ...problem, where: place };
}
