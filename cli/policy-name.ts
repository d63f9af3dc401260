import { InvalidArgumentError, Option } from 'commander';
import { currentPolicyName, defaultPolicy, formerNamesNote, policyNames } from '../shared/contract/policy-names.ts';
import { didYouMean } from '../shared/contract/problems/settings.ts';
import { nearest } from '../shared/nearest.ts';
import { note } from './exit.ts';

/** Today's name of a policy. A former name is accepted, with a line on standard error. */
export function currentPolicy(asked: string): string {
  const name = currentPolicyName(asked);
  if (name !== asked) note(formerNamesNote([[asked, name]]));
  return name;
}

/** The policy of a controller that a command starts. */
export function policyOption(): Option {
  return new Option('--policy <name>', 'policy of the controller')
    .choices(policyNames)
    .argParser((asked: string) => {
      const name = currentPolicy(asked);
      if (policyNames.some((each) => each === name)) return name;
      const meant = nearest(name, policyNames);
      const hint = meant === null ? '' : ` ${didYouMean(meant)}`;
      throw new InvalidArgumentError(`Allowed choices are ${policyNames.join(', ')}.${hint}`);
    })
    .default(defaultPolicy);
}
