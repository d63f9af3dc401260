import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigFlags } from '../../../controller/config/flags.ts';
import { loadConfig } from '../../../controller/config/load.ts';
import { wholeConfigSchema } from '../../../controller/config/schema.ts';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { configurations } from '../corpus.ts';
import { temporaryFolder } from '../folder.ts';
import { casesFrom, withHead } from '../input/cases.ts';
import { chosen, splitInput, type Target } from '../target.ts';
import { checkProblem, demand } from '../violation.ts';

const corpus = { inputs: configurations, maxBytes: 256 * 1024 };

/** What 160,000 closing brackets take: an error each. Linear all the same. */
export const yamlCpuMsPerKib = 10;

/** Flags that come together with the file. */
const flagSets = [
  {},
  {},
  {},
  { backend: ['web'], socket: '/run/other.sock' },
  { agent: ['web1=http://10.0.0.9:9477'], agentUrl: 'http://{server}:1' },
  { agent: ['web/web1=http://10.0.0.9:9477'], record: '/tmp/ticks.jsonl' },
  { backend: ['web', 'api'], agent: ['api/a=http://h:1'], shadow: ['equal'], agentTokenFile: '/etc/token' },
] as const satisfies readonly [ConfigFlags, ...ConfigFlags[]];

export const configurationTarget: Target = {
  cases: withHead(1, casesFrom(corpus)),
  open: () => {
    const folder = temporaryFolder();
    const config = join(folder.path, 'haweight.yaml');
    /** First byte: the flags. The rest is the file. */
    const check = (input: Buffer): string => {
      const [[which = 0], bytes] = splitInput(input, 1);
      writeFileSync(config, bytes);
      return outcomeOf(() => {
        const loaded = loadConfig({ ...chosen(which, flagSets), config });
        demand(wholeConfigSchema.safeParse(loaded).success, 'an accepted configuration does not fit its own schema');
      });
    };
    return { check, cpuMsPerKib: yamlCpuMsPerKib, [Symbol.asyncDispose]: async () => folder[Symbol.dispose]() };
  },
};

/** Runs something that may throw a ProblemError; anything else that it throws goes on. */
export function outcomeOf(run: () => void): string {
  try {
    run();
    return 'accepted';
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    checkProblem(error.problem);
    const { code, what, where } = error.problem;
    // the place without the name of the file and without numbers, as far as it is a key that there is
    const key = /: ([a-zA-Z.]{1,40})/.exec(where.replaceAll(/\.\d+/g, ''))?.[1] ?? '';
    return code === 'config-invalid' && what !== 'unknown key' ? `${code} ${key}` : `${code} ${what}`;
  }
}
