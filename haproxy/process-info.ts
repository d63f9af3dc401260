import { err, ok, type Result } from '../shared/contract/result.ts';
import { replyLines, withoutSeverity } from './reply.ts';

/** The process that answers; after a reload it is another one. */
export interface HaproxyInfo {
  readonly version: string;
  /** Process id of the worker, as its own namespace numbers it. */
  readonly pid: number;
  readonly uptimeSeconds: number;
  /** When it started by its own clock, in seconds since 1970; left out: 2.4 does not say. */
  readonly startedAtSeconds?: number;
  /** Its host's name, or that of its container; left out: it does not say. */
  readonly node?: string;
  /** Processes that share the work (`nbproc`, up to 2.4); left out: one. Each has weights of its own. */
  readonly processes?: number;
}

/**
 * Whether two answers, the earlier one first, are of one process. Its id alone does not tell: in a container every HAProxy
 * may have the same one, but each counts its time from 0.
 */
export function isSameProcess(before: HaproxyInfo, now: HaproxyInfo): boolean {
  return now.pid === before.pid && now.uptimeSeconds >= before.uptimeSeconds;
}

export const accessLevels = ['user', 'operator', 'admin'] as const;
/** What a stats socket allows: `user` and `operator` read, `admin` changes weights. */
export type AccessLevel = (typeof accessLevels)[number];

/** Reads the reply to `show info`. */
export function parseInfo(reply: string): Result<HaproxyInfo, string> {
  const lines = replyLines(reply);
  if (!lines.ok) return lines;
  const fields = new Map(lines.value.map((line) => splitOnce(line, ': ')));
  const version = fields.get('Version') ?? '';
  const pid = wholeNumber(fields.get('Pid'));
  const uptimeSeconds = wholeNumber(fields.get('Uptime_sec'));
  if (version === '' || pid === null || uptimeSeconds === null) return err('it lacks Version, Pid or Uptime_sec');
  const processes = wholeNumber(fields.get('Nbproc')) ?? 1;
  const startedAtSeconds = wholeNumber(fields.get('Start_time_sec'));
  const node = fields.get('node') ?? '';
  return ok({
    ...{ version, pid, uptimeSeconds },
    ...(startedAtSeconds === null ? {} : { startedAtSeconds }),
    ...(node === '' ? {} : { node }),
    ...(processes > 1 ? { processes } : {}),
  });
}

/** Reads the reply to `show cli level`. */
export function parseLevel(reply: string): Result<AccessLevel, string> {
  const said = withoutSeverity(reply);
  const level = accessLevels.find((name) => said === `${name}\n\n`);
  return level === undefined ? err(`it is none of ${accessLevels.join(', ')}`) : ok(level);
}

function splitOnce(line: string, separator: string): [string, string] {
  const index = line.indexOf(separator);
  return index < 0 ? [line, ''] : [line.slice(0, index), line.slice(index + separator.length)];
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : null;
}
