import { algorithmProblem, weightSupport } from '../../../haproxy/algorithm.ts';
import { type Finding, failure, fine, warning } from '../finding.ts';

/** Whether the backend's algorithm takes weights at run time. */
export function checkAlgorithm(backend: string, algorithm: string | null): Finding {
  const check = `balance of ${backend}`;
  const problem = algorithmProblem(backend, algorithm);
  if (problem !== null) return failure(check, problem);
  const support = weightSupport(algorithm);
  if (support === 'unknown')
    return fine(check, 'HAProxy does not show it (it shows all but `random`); assumed to accept weights');
  if (support === 'dynamic') return fine(check, `${algorithm} accepts weights`);
  const detail = `${algorithm} takes any weight with \`hash-type consistent\` only, which HAProxy does not show; with \`map-based\`, the default, it takes no weight but 0 and the configured one`;
  return warning(check, detail, 'Say `hash-type consistent` in the backend');
}
