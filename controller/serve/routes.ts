import type { Status } from '../../shared/contract/status.ts';
import { type Answer, json, plain, type Route } from '../../shared/net/answer.ts';
import { remembered } from '../../shared/remembered.ts';

/**
 * What the controller serves. An answer is made once for each status: with a thousand servers the metrics take about 20 ms, and
 * a client that asks often would take that time from the loop.
 */
export function routesOf(status: () => Status): Readonly<Record<string, Route>> {
  const statusAnswer = remembered((now: Status) => json(now));
  const metricsAnswer = remembered(renderAnswer);
  return {
    '/v1/status': () => statusAnswer(status()),
    '/healthz': () => plain(status().waitingFor ?? 'ok'),
    '/metrics': () => metricsAnswer(status()),
  };
}

async function renderAnswer(status: Status): Promise<Answer> {
  // loaded at the first scrape, because it takes 20 MiB
  const { renderMetrics } = await import('./metrics.ts');
  const contentType = 'text/plain; version=0.0.4; charset=utf-8';
  return { status: 200, contentType, body: Buffer.from(await renderMetrics(status)) };
}
