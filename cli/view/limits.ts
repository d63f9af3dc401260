import { openCauses, refutations } from '../../shared/contract/server-limit.ts';
import type { BackendStatus, ServerStatus } from '../../shared/contract/status.ts';
import { decimal, spacedPercent } from '../../shared/terminal/format.ts';

type Limit = NonNullable<ServerStatus['limit']>;

/** So many servers are named in a line. */
const mostNamed = 6;

/** The line of `haweight explain` about the server's limit. */
export function limitLine({ limit }: Pick<ServerStatus, 'limit'>): string[] {
  if (limit === null || limit.reason === null) return [];
  const isInForce = limit.limit === limit.now;
  const inHaproxy = isInForce ? '' : `; HAProxy has ${limitText(limit.now)}`;
  const full = limit.fullPart > 0 ? `; at it ${spacedPercent(limit.fullPart)} of the time` : '';
  return [`  limit    ${limitText(limit.limit)}${inHaproxy}: ${describeLimit(limit.reason)}${full}`];
}

/** Lines under the table of a backend: limits that are decided, and the queue that they make. */
export function limitNotes({ servers, waiting }: Pick<BackendStatus, 'servers' | 'waiting'>): string[] {
  const limited = servers.filter(({ limit }) => limit?.reason != null && limit.reason.code !== 'open');
  const queue = waiting === null || waiting === 0 ? [] : [`queue: ${requests(waiting)} in HAProxy for any server`];
  if (limited.length === 0) return queue;
  const named = limited.slice(0, mostNamed).map(({ server, limit }) => `${server} ${limitText(limit?.limit ?? null)}`);
  const more = limited.length > mostNamed ? `, ${limited.length - mostNamed} more` : '';
  const areWritten = limited.every(({ limit }) => limit?.limit === limit?.now);
  const mode = areWritten ? '' : ' (not in force)';
  return [`limits: ${named.join(', ')}${more}${mode}`, ...queue];
}

function requests(count: number): string {
  return count === 1 ? '1 request waits' : `${count} requests wait`;
}

function limitText(limit: number | null): string {
  return limit === null ? 'none' : String(limit);
}

function describeLimit(reason: NonNullable<Limit['reason']>): string {
  switch (reason.code) {
    case 'bound':
      return `scales with the load, ${decimal(reason.times)} x its ${spacedPercent(reason.part)} of what is in flight`;
    case 'proven': {
      const { requestsPerSecond, unqueuedMs, answers } = reason;
      return `${decimal(requestsPerSecond)} requests/s x ${Math.round(unqueuedMs)} ms without a queue (${answers} answers), and room for chance`;
    }
    case 'open': {
      const how = reason.refuted === null ? '' : `: requests ${refutations[reason.refuted]}`;
      return `none from haweight, ${openCauses[reason.because]}${how}`;
    }
  }
}
