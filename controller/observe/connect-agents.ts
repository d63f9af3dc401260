import { formatProblem } from '../../shared/contract/problem.ts';
import { tooManyAgents } from '../../shared/contract/problems/haproxy-socket.ts';
import { agentTokenVariable } from '../../shared/contract/snapshot.ts';
import { loadToken } from '../../shared/net/token.ts';
import type { Log } from '../../shared/process/log.ts';
import { RenewedTls } from '../../shared/tls/renewed-tls.ts';
import type { Config } from '../config/schema.ts';
import { AgentClient } from './agent-client.ts';

/** A client with the token and certificates that the configuration names. Throws a ProblemError where they cannot be used. */
export function connectAgents(
  { timeoutMs, tokenFile, tls }: Pick<Config['agents'], 'timeoutMs' | 'tokenFile' | 'tls'>,
  log: Log,
): AgentClient {
  const token = loadToken(tokenFile, agentTokenVariable, log);
  return new AgentClient({
    timeoutMs,
    token,
    tls: tls === undefined ? null : { files: new RenewedTls(tls, log), verify: tls.verify },
    onFull: (most) => {
      const { code, ...problem } = tooManyAgents('agents', most);
      log.warn('connections to agents are not kept', { code, detail: formatProblem({ code, ...problem }) });
    },
  });
}
