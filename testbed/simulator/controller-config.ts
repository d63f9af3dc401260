import { type Config, configSchema } from '../../controller/index.ts';
import { backendName } from './runtime.ts';
import type { Contender, Experiment } from './schema.ts';

type PolicyContender = Extract<Contender, { kind: 'policy' }>;

/** Keys of the controller's configuration that the experiment itself says. */
export const ownKeys = ['backends', 'policy', 'periodMs'] as const;

/** The configuration file that the simulated controllers run with, before it is checked. */
export function configInput({ policy, config }: PolicyContender, { periodMs }: Pick<Experiment, 'periodMs'>) {
  return { ...config, backends: [{ name: backendName }], policy, periodMs };
}

export function controllerConfig(contender: PolicyContender, experiment: Experiment): Config {
  return configSchema.parse(configInput(contender, experiment));
}
