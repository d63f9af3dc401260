import type { Config } from '../../../controller/index.ts';
import { tokenWarning } from '../../../shared/net/token.ts';
import { type Finding, warningOf } from '../finding.ts';

/** Checks who may read the token files. Whether their tokens can be used is seen where they are used. */
export function checkTokens({ tokenFile, agents, peers }: Config): Finding[] {
  const files = [agents.tokenFile, peers.tokenFile, tokenFile].filter((file) => file !== undefined);
  const problems = [...new Set(files)].map(tokenWarning).filter((problem) => problem !== null);
  return problems.map((problem) => warningOf('token file', problem));
}
