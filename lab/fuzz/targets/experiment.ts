import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { comparisonSchema, readComparison } from '../../../cli/simulate/comparison.ts';
import { experimentSchema } from '../../../testbed/simulator/schema.ts';
import { experiments } from '../corpus.ts';
import { temporaryFolder } from '../folder.ts';
import { casesFrom } from '../input/cases.ts';
import type { Target } from '../target.ts';
import { demand } from '../violation.ts';
import { outcomeOf, yamlCpuMsPerKib } from './configuration.ts';

const corpus = { inputs: experiments, maxBytes: 256 * 1024 };
const keys = Object.keys(comparisonSchema.shape);

export const experimentTarget: Target = {
  cases: casesFrom(corpus),
  open: () => {
    const folder = temporaryFolder();
    const file = join(folder.path, 'experiment.yaml');
    const check = (input: Buffer): string => {
      writeFileSync(file, input);
      const outcome = outcomeOf(() => {
        for (const { experiment } of readComparison({ file }).candidates) {
          demand(experimentSchema.safeParse(experiment).success, 'an accepted experiment does not fit its own schema');
        }
      });
      const [code = '', place = ''] = outcome.split(' ', 2);
      return code !== 'config-invalid' || keys.includes(place.split('.')[0] ?? '') ? outcome : code;
    };
    return { check, cpuMsPerKib: yamlCpuMsPerKib, [Symbol.asyncDispose]: async () => folder[Symbol.dispose]() };
  },
};
