import { until } from '../../../../testbed/rig/wait.ts';
import { Haweight } from '../../../support/process.ts';

/** A real agent at its own address, and the URL that it logs. */
export async function startAgent(host: string, port: number, ...args: readonly string[]) {
  return await startAgentIn({}, host, port, ...args);
}

/** The same, with these environment variables. */
export async function startAgentIn(
  environment: NodeJS.ProcessEnv,
  host: string,
  port: number,
  ...args: readonly string[]
) {
  const agent = new Haweight(['agent', '--listen', `${host}:${port}`, '--scope', 'host', ...args], environment);
  const url = await until(
    () => `the agent's URL in: ${agent.stderr}`,
    () => /"url":"(http[^"]+)"/.exec(agent.stderr)?.[1] ?? null,
  );
  return { agent, url, [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() };
}

/** Flags for an agent that serves with this certificate and asks clients for one of the CA. */
export const serve = ({ cert, key }: { cert: string; key: string }, ca?: string) => [
  ...['--tls-cert', cert, '--tls-key', key],
  ...(ca === undefined ? [] : ['--tls-client-ca', ca]),
];
