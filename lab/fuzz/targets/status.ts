import fc from 'fast-check';
import { askController } from '../../../cli/ask-controller.ts';
import { renderExplanation } from '../../../cli/view/explanation.ts';
import { renderWeights } from '../../../cli/view/weights-table.ts';
import { statusSchema } from '../../../shared/contract/status.ts';
import { statuses } from '../corpus.ts';
import { HostileServer } from '../hostile-server.ts';
import { httpResponses } from '../http-responses.ts';
import { casesFrom, withHead } from '../input/cases.ts';
import { chosen, splitInput, type Target } from '../target.ts';
import { checkProblem, demand } from '../violation.ts';
import { checkText } from './recording.ts';

const elsewhere = 'redirected-elsewhere';
const bodies = { inputs: statuses, maxBytes: 64 * 1024, json: 'whole' } as const;
const responses = { inputs: httpResponses(statuses, elsewhere), maxBytes: 256 * 1024 };
/** Without those that never end: each takes the client's whole deadline of three seconds. */
const deliveries = ['whole', 'in pieces', 'reset'] as const;
const limitMs = 8_000;

export const statusTarget: Target = {
  cases: fc.oneof(
    { weight: 4, arbitrary: withHead(1, casesFrom(responses)) },
    { weight: 6, arbitrary: casesFrom(bodies).map(wholeAnswer) },
  ),
  open: openStatus,
};

/** A case whose answer comes whole, with this body. */
function wholeAnswer(body: Buffer): Buffer {
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from([0]), Buffer.from(head), body]);
}

async function openStatus() {
  const server = new HostileServer();
  const url = `http://127.0.0.1:${await server.listen()}`;

  /** First byte: how the answer is delivered. The rest is what the controller sends. */
  const check = async (input: Buffer): Promise<string> => {
    const [[how = 0], bytes] = splitInput(input, 1);
    await server.play(bytes, chosen(how, deliveries));
    const startMs = performance.now();
    const asked = await askController(url, {});
    const tookMs = performance.now() - startMs;
    demand(tookMs < limitMs, () => `an answer took ${tookMs} ms`);
    const astray = server.requests.find((request) => !request.startsWith('GET /v1/status HTTP/1.1\r\n'));
    demand(astray === undefined, () => `the client was led to ask ${JSON.stringify(astray)}`);
    if (!asked.ok) {
      checkProblem(asked.error);
      return `${asked.error.code} ${/^(?:HTTP \d+|\w+)/.exec(asked.error.got ?? '')?.[0] ?? ''}`.trim();
    }
    const { status, answeredAt } = asked.value;
    demand(statusSchema.safeParse(status).success, 'an accepted status does not fit its own schema');
    checkText(renderWeights(status, [], answeredAt));
    for (const backend of status.backends) {
      for (const each of backend.servers) checkText(renderExplanation({ status, backend, server: each, answeredAt }));
    }
    return 'shown';
  };
  return { check, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}
