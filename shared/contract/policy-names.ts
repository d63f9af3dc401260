/** Every policy, by the name that configuration, command line and recordings use. The controller's registry builds them. */
export const policyNames = ['adaptive', 'inverse-load', 'capacity', 'pick-one', 'stress', 'equal', 'paper'] as const;

export type PolicyName = (typeof policyNames)[number];

export const defaultPolicy: PolicyName = 'adaptive';

/** Names that policies had before. Files, flags and recordings may still have them. */
const formerNames: ReadonlyMap<string, PolicyName> = new Map([['least-utilised', 'pick-one']]);

/** Today's name of a policy that may be given by a former one; any other text as it is. */
export function currentPolicyName(name: string): string {
  return formerNames.get(name) ?? name;
}

/** One line for people about names that have changed: before and now. */
export function formerNamesNote(changes: readonly (readonly [before: string, now: string])[]): string {
  const each = changes.map(([before, now]) => `${before} is called ${now} now`);
  return `note: ${each.join(', ')}; the old name still works`;
}
