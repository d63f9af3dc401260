import type { Config } from '../../../controller/index.ts';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { readTlsFiles, type TlsFiles, tlsWarnings } from '../../../shared/tls/tls-files.ts';
import { type Finding, failure, fine, warningOf } from '../finding.ts';

/** Checks that the configured certificates and keys can be used, and how long they are valid. */
export function checkTls({ tls, agents, peers }: Config): Finding[] {
  return [
    ...(agents.tls === undefined ? [] : checkFiles('tls for agents', agents.tls)),
    ...(peers.tls === undefined ? [] : checkFiles('tls for peers', peers.tls)),
    ...(tls === undefined ? [] : checkFiles('tls', { ...tls, ca: tls.clientCa })),
  ];
}

function checkFiles(check: string, files: TlsFiles): Finding[] {
  try {
    const problems = tlsWarnings(files, readTlsFiles(files), Date.now());
    const paths = [files.ca, files.cert].filter((path) => path !== undefined);
    if (problems.length === 0) return [fine(check, `${paths.join(' and ')} can be used`)];
    return problems.map((problem) => warningOf(check, problem));
  } catch (error) {
    if (error instanceof ProblemError) return [failure(check, error.problem)];
    throw error;
  }
}
