import type { Tree } from '../../controller/index.ts';
import { ProblemError, quote } from '../../shared/contract/problem.ts';
import { didYouMean, usage } from '../../shared/contract/problems/settings.ts';
import { nearest } from '../../shared/nearest.ts';
import { durationHint, percentHint } from '../../shared/unit-hints.ts';
import { fleetNames } from '../../testbed/simulator/fleets.ts';

/** Flags as typed. Each has the name of the key that it overrides in the file. */
export interface SimulateFlags {
  readonly file?: string;
  readonly fleet?: string;
  readonly load?: string;
  readonly rate?: string;
  readonly demandMs?: string;
  readonly scenario?: string;
  readonly policy?: readonly string[];
  readonly balance?: readonly string[];
  readonly haproxys?: string;
  readonly seconds?: string;
  readonly warmupSeconds?: string;
  readonly seeds?: string;
  readonly seed?: string;
  readonly samples?: boolean;
  readonly json?: boolean;
}

/** `demandMs` is set by `--demand-ms`. */
export function flagName(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The flags as keys of the file. Their ranges are checked together with the file. */
export function treeOf(flags: SimulateFlags): Tree {
  const { fleet, load, rate, scenario, policy, balance } = flags;
  if (load !== undefined && rate !== undefined) {
    throw unusable('--load, --rate', 'one of the two', 'both', { what: 'cannot be combined' });
  }
  const read = <T>(value: T | undefined, convert: (value: T) => unknown) => {
    return value === undefined ? undefined : convert(value);
  };
  const number = (key: keyof SimulateFlags & NumberKey) => read(flags[key], (text) => numberOf(text, flagName(key)));
  const tree: Tree = {
    ...{ scenario, policy, balance, fleet: read(fleet, fleetOf), load: read(load, shareOf), rate: number('rate') },
    ...{ demandMs: number('demandMs'), haproxys: number('haproxys'), seconds: number('seconds') },
    ...{ warmupSeconds: number('warmupSeconds'), seeds: number('seeds'), seed: number('seed') },
  };
  return Object.fromEntries(Object.entries(tree).filter(([, value]) => value !== undefined));
}

type NumberKey = 'rate' | 'demandMs' | 'haproxys' | 'seconds' | 'warmupSeconds' | 'seeds' | 'seed';

/** A name of a fleet stays a name; a list becomes servers s1, s2, ... */
function fleetOf(text: string): unknown {
  if (fleetNames.some((name) => name === text)) return text;
  return text.split(',').map((each, index) => {
    const [, cores, speed] = /^\s*(\d+(?:\.\d+)?)(?:x(\d+(?:\.\d+)?))?\s*$/.exec(each) ?? [];
    if (cores === undefined) {
      const meant = nearest(text, fleetNames);
      const fix = meant === null ? simulateHelp : didYouMean(meant);
      throw unusable('--fleet', `one of ${fleetNames.join(', ')}, or cores such as 1,2,4x0.8`, quote(text), { fix });
    }
    return { name: `s${index + 1}`, cores: Number(cores), ...(speed === undefined ? {} : { speed: Number(speed) }) };
  });
}

const simulateHelp = 'See haweight simulate --help.';
const [leastPercent, mostPercent] = [1, 1_000];

/** Percent to a share. 0.7 is refused: it was probably meant as a share. */
function shareOf(text: string): number {
  const percent = numberOf(text.replace(/%$/, ''), '--load');
  if (percent >= leastPercent && percent <= mostPercent) return percent / 100;
  const expected = `percent of the fleet's capacity, ${leastPercent} to ${mostPercent}`;
  throw unusable('--load', expected, quote(text), { fix: percentHint(percent) ?? simulateHelp });
}

function numberOf(text: string, flag: string): number {
  const value = Number(text);
  if (/^\s*[+-]?(\d|\.\d)[\d.e+-]*\s*$/i.test(text) && Number.isFinite(value)) return value;
  const fix = durationHint(text, flag.endsWith('-ms') ? 'ms' : 's') ?? simulateHelp;
  throw unusable(flag, 'a number', quote(text), { fix });
}

function unusable(
  where: string,
  expected: string,
  got: string,
  { what = 'invalid value', fix = simulateHelp }: { readonly what?: string; readonly fix?: string },
): ProblemError {
  return new ProblemError(usage(where, what, { expected, got, fix }));
}
