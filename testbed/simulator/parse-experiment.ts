import { z } from 'zod';
import { configSchema, describeIssues, withCurrentNames } from '../../controller/index.ts';
import { ProblemError, quote } from '../../shared/contract/problem.ts';
import { configInvalid, didYouMean } from '../../shared/contract/problems/settings.ts';
import { nearest } from '../../shared/nearest.ts';
import { expectedRequests } from './arrivals.ts';
import { configInput, ownKeys } from './controller-config.ts';
import { fleetNames, fleets } from './fleets.ts';
import { currentScenarioName } from './scenario-names.ts';
import { scenarios } from './scenarios.ts';
import { type Experiment, experimentSchema, fleetSchema } from './schema.ts';
import { ratesOf } from './workload.ts';

/** Response times take 8 bytes each, and the same again to sort them: about 500 MB. */
export const maxRequests = 20_000_000;
/** The sample of one server at one tick takes about 50 bytes. */
export const maxSamples = 10_000_000;

type Tree = Readonly<Record<string, unknown>>;

/**
 * What a file says, checked and with its defaults. `fleet` and `scenario` may be names; a named scenario brings its load
 * and lengths, and what the file itself says of them comes before that. Throws a ProblemError that names the key;
 * `where` is the file.
 */
export function parseExperiment(value: unknown, where: string): Experiment {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(where, 'is not an experiment', 'keys and values', shown(value));
  }
  const named = withScenario(withFleet(withCurrentNames(value as Tree).tree, where), where);
  const parsed = experimentSchema.safeParse(named);
  if (!parsed.success) throw schemaError(parsed.error, named, where);
  checkSize(parsed.data, where);
  checkConfig(parsed.data, where);
  return parsed.data;
}

function withFleet(value: Tree, where: string): Tree {
  const { fleet } = value;
  if (typeof fleet !== 'string') return value;
  const name = fleetNames.find((each) => each === fleet);
  if (name === undefined) throw unknownName(`${where}: fleet`, 'fleet', fleetNames, fleet);
  return { ...value, fleet: fleets[name] };
}

function withScenario(value: Tree, where: string): Tree {
  if (typeof value['scenario'] !== 'string') return value;
  const build = scenarios.get(currentScenarioName(value['scenario']));
  if (build === undefined) throw unknownName(`${where}: scenario`, 'scenario', scenarios.keys(), value['scenario']);
  // which servers a scenario affects depends on the fleet
  const fleet = z.object({ fleet: fleetSchema }).safeParse(value);
  if (!fleet.success) throw schemaError(fleet.error, value, where);
  const { load, rate, ...plan } = build(fleet.data.fleet);
  const hasOwn = value['load'] !== undefined || value['rate'] !== undefined;
  return { ...plan, ...(hasOwn ? {} : { load, rate }), ...value, scenario: plan.scenario };
}

function checkSize(experiment: Experiment, where: string): void {
  const endMs = (experiment.warmupSeconds + experiment.seconds) * 1_000;
  const requests = expectedRequests(ratesOf(experiment), endMs);
  const count = (number: number) => Math.round(number).toLocaleString('en');
  if (requests > maxRequests) {
    const [expected, got] = [`at most ${count(maxRequests)} requests in all`, `about ${count(requests)}`];
    const what = 'more requests than memory is meant for';
    throw invalid(`${where}: seconds`, what, expected, got, 'Lower seconds, load or rate, or raise demandMs.');
  }
  const samples = experiment.fleet.length * (endMs / experiment.periodMs);
  if (samples > maxSamples) {
    const [expected, got] = [`at most ${count(maxSamples)} ticks times servers`, `about ${count(samples)}`];
    const what = 'more ticks than memory is meant for';
    throw invalid(`${where}: seconds`, what, expected, got, 'Lower seconds, or raise periodMs.');
  }
}

/** Checks the controller's settings, with the controller's own messages. */
function checkConfig(experiment: Experiment, where: string): void {
  const { contender } = experiment;
  if (contender.kind !== 'policy') return;
  const place = `${where}: contender.config`;
  const own = ownKeys.find((key) => Object.hasOwn(contender.config, key));
  if (own !== undefined) throw invalid(`${place}: ${own}`, 'the experiment itself says this', 'another key', own);
  const input = configInput(contender, experiment);
  const parsed = configSchema.safeParse(input);
  if (!parsed.success) {
    throw new ProblemError(
      describeIssues(parsed.error.issues, {
        schema: configSchema,
        merged: input,
        flags: { config: place },
        document: 'docs/configuration.md',
      }),
    );
  }
}

/** The controller's words, without its documents. */
function schemaError(error: z.ZodError, value: unknown, where: string): ProblemError {
  const checked = { schema: experimentSchema, merged: value, flags: { config: where }, document: null };
  return new ProblemError(describeIssues(error.issues, checked));
}

function unknownName(where: string, kind: string, names: Iterable<string>, got: string): ProblemError {
  const known = [...names];
  const meant = nearest(got, known);
  const fix = meant === null ? undefined : didYouMean(meant);
  return invalid(where, `there is no ${kind} of that name`, `one of ${known.join(', ')}`, quote(got), fix);
}

function invalid(where: string, what: string, expected: string, got: string, fix?: string): ProblemError {
  return new ProblemError(configInvalid(where, what, { expected, got, ...(fix === undefined ? {} : { fix }) }));
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  return Array.isArray(value) ? 'a list' : `a single ${typeof value}`;
}
