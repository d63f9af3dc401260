import { formerNamesNote } from '../../shared/contract/policy-names.ts';

/** Names that scenarios had before, and what they are called now; the evaluation on real servers uses the same names. */
const formerNames: ReadonlyMap<string, string> = new Map([
  ['failing-1', 'crash-1'],
  ['failing-2', 'crash-2'],
  ['failing-3', 'crash-3'],
  ['blackhole', 'fails-fast'],
  ['failing', 'fails-fast'],
]);

/** A scenario's name as it is today. */
export function currentScenarioName(name: string): string {
  return formerNames.get(name) ?? name;
}

/** What a scenario is or was called: where results of old runs may be. */
export function allScenarioNames(name: string): readonly string[] {
  return [name, ...[...formerNames].filter(([, current]) => current === name).map(([former]) => former)];
}

/** One line for people about a former name; null: the name is today's. */
export function formerScenarioNote(name: string): string | null {
  const current = currentScenarioName(name);
  return current === name ? null : formerNamesNote([[name, current]]);
}
