import type { Status } from '../../shared/contract/status.ts';
import { trafficPath } from '../../shared/contract/traffic.ts';
import { type Answer, plain, type Route } from '../../shared/net/answer.ts';
import type { Refused } from '../../shared/net/excess-report.ts';
import { remembered } from '../../shared/remembered.ts';
import { type Asking, answerMs, type Current } from './asking.ts';
import type { DocumentName, VersionedJson } from './messages.ts';

/**
 * What the controller serves. An answer is made once for each status, however many ask. `refused`: what the server has
 * refused.
 */
export function routesOf(asking: Pick<Asking, 'ask'>, refused: () => Refused): Readonly<Record<string, Route>> {
  const metricsAnswer = remembered((status: VersionedJson) => asMetrics(status, refused()));
  const of = (name: DocumentName, answer: (document: VersionedJson) => Answer | Promise<Answer>) => async () => {
    const document = (await asking.ask(name))?.documents[name];
    return document === undefined ? late() : await answer(document);
  };
  return {
    '/v1/status': of('status', remembered(asJson)),
    [trafficPath]: of('traffic', remembered(asJson)),
    '/healthz': async () => health(await asking.ask(null)),
    '/metrics': of('status', metricsAnswer),
  };
}

function health(current: Current | null): Answer {
  return current === null ? late() : plain(current.waitingFor ?? 'ok');
}

/** So that a health check sees a loop that hangs. */
function late(): Answer {
  return plain(`the control loop has not answered for ${answerMs} ms: it hangs, or the machine is short of CPU`, 503);
}

function asJson({ json }: VersionedJson): Answer {
  const body = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  return { status: 200, contentType: 'application/json; charset=utf-8', body };
}

async function asMetrics({ json }: VersionedJson, refused: Refused): Promise<Answer> {
  // loaded at the first scrape, because it takes 9 MiB
  const { renderMetrics } = await import('./metrics.ts');
  const status = JSON.parse(new TextDecoder().decode(json)) as Status;
  const contentType = 'text/plain; version=0.0.4; charset=utf-8';
  return { status: 200, contentType, body: Buffer.from(await renderMetrics(status, refused)) };
}
