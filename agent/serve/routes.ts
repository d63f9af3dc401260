import { type Answer, plain, type Route } from '../../shared/net/answer.ts';
import type { Refused } from '../../shared/net/excess-report.ts';
import type { SnapshotBody } from './snapshot-body.ts';

/** What the routes answer from. */
export interface Measurements {
  readonly body: SnapshotBody;
  /** In Prometheus' text format; null before the first sample. */
  metrics(refused: Refused): string | null;
  /** Whether samples still come. */
  isAlive(): boolean;
}

const notYet: Answer = plain('no sample yet: ask again in a second', 503);

/**
 * What the agent answers over HTTP; `measurements` gives null while there is nothing to measure yet, `refused` what the server
 * has refused.
 */
export function makeRoutes(
  measurements: () => Measurements | null,
  refused: () => Refused,
): Readonly<Record<string, Route>> {
  return {
    '/v1/snapshot': () => {
      const body = measurements()?.body.json() ?? null;
      return body === null ? notYet : { status: 200, contentType: 'application/json; charset=utf-8', body };
    },
    '/metrics': () => {
      const text = measurements()?.metrics(refused()) ?? null;
      return text === null ? notYet : { ...plain(text), contentType: 'text/plain; version=0.0.4; charset=utf-8' };
    },
    '/healthz': () => (measurements()?.isAlive() ? plain('ok') : plain('no fresh sample', 503)),
  };
}
