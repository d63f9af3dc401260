import { currentPolicyName, formerNamesNote } from '../../shared/contract/policy-names.ts';
import type { Tree } from './yaml-file.ts';

/** The section of a policy's constants is renamed with the policy. */
const formerSections: ReadonlyMap<string, string> = new Map([['leastUtilised', 'pickOne']]);
/** Keys under which a configuration, an experiment or a recording holds names of policies, or more such keys. */
const nameKeys = ['policy', 'shadow'];
const nestedKeys = ['config', 'contender', 'settings'];
/** A key of the guard that nothing depends on any more. */
const uselessKey = 'rampStep';
const uselessNote = 'note: guard.rampStep has no effect any more: ramps double every second';

export interface CurrentNames {
  readonly tree: Tree;
  /** One line for people about the former names that were there; null: there was none. */
  readonly note: string | null;
}

/** A configuration, an experiment or a recorded tick with today's names in place of former ones. Pure. */
export function withCurrentNames(tree: Tree): CurrentNames {
  const renamed = new Map<string, string>();
  const current = renameIn(tree, renamed);
  const isUseless = renamed.delete(uselessKey);
  const notes = [...(renamed.size === 0 ? [] : [formerNamesNote([...renamed])]), ...(isUseless ? [uselessNote] : [])];
  return { tree: current, note: notes.length === 0 ? null : notes.join('; ') };
}

/** `depth`: levels below this one where names may be. Bounded, because a recording may be nested thousands deep. */
function renameIn(tree: Tree, renamed: Map<string, string>, depth = 2): Tree {
  const changed = Object.entries(tree).map(([key, value]): [string, unknown] => {
    if (nameKeys.includes(key)) return [key, renameNames(value, renamed)];
    if (key === 'guard' && isTree(value)) return [key, withoutUseless(value, renamed)];
    if (key === 'policies' && isTree(value)) return [key, renameSections(value, renamed)];
    const isNested = depth > 0 && nestedKeys.includes(key) && isTree(value);
    return [key, isNested ? renameIn(value, renamed, depth - 1) : value];
  });
  return Object.fromEntries(changed);
}

function withoutUseless({ [uselessKey]: useless, ...guard }: Tree, renamed: Map<string, string>): Tree {
  if (useless !== undefined) renamed.set(uselessKey, '');
  return guard;
}

/** One name, or a list of names. */
function renameNames(value: unknown, renamed: Map<string, string>): unknown {
  return Array.isArray(value) ? value.map((each) => renameName(each, renamed)) : renameName(value, renamed);
}

function renameName(value: unknown, renamed: Map<string, string>): unknown {
  if (typeof value !== 'string') return value;
  const current = currentPolicyName(value);
  if (current !== value) renamed.set(value, current);
  return current;
}

/** Where both names are there, the former one is left for the schema to refuse. */
function renameSections(sections: Tree, renamed: Map<string, string>): Tree {
  const changed = Object.entries(sections).map(([key, value]): [string, unknown] => {
    const current = formerSections.get(key);
    if (current === undefined || Object.hasOwn(sections, current)) return [key, value];
    renamed.set(`policies.${key}`, `policies.${current}`);
    return [current, value];
  });
  return Object.fromEntries(changed);
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
