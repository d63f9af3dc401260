import { formatProblem, ProblemError } from '../shared/contract/problem.ts';
import { environmentFindings } from '../shared/process/node-environment.ts';
import { note } from './exit.ts';

/** These log JSON. */
const services: ReadonlySet<string> = new Set(['agent', 'controller']);
/** These talk to other machines, or pass a token on. */
const commands: ReadonlySet<string> = new Set([...services, 'weights', 'explain', 'doctor', 'restore']);

/**
 * Says what in the environment weakens Node.js. Throws a ProblemError for what would give secrets away; not in an agent, whose
 * environment may be meant for its application, and which sends no token.
 */
export async function checkEnvironment(command: string): Promise<void> {
  if (!commands.has(command)) return;
  const findings = environmentFindings(process.env, process.execArgv);
  const fatal = command === 'agent' ? undefined : findings.find(({ stops }) => stops);
  if (fatal !== undefined) throw new ProblemError(fatal.problem);
  if (findings.length === 0) return;
  const { makeLogger } = await import('../shared/process/logger.ts');
  const logger = services.has(command) ? makeLogger('warn', command) : null;
  for (const { problem } of findings) {
    const detail = formatProblem(problem);
    if (logger === null) note(`warning: ${detail}`);
    else logger.warn('unsafe environment', { code: problem.code, detail });
  }
}
