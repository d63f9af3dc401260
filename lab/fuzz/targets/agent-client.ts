import { connectAgents } from '../../../controller/index.ts';
import { snapshotSchema } from '../../../shared/contract/snapshot.ts';
import { silentLog } from '../../../shared/process/log.ts';
import { snapshots } from '../corpus.ts';
import { deliveryOf, HostileServer } from '../hostile-server.ts';
import { httpResponses } from '../http-responses.ts';
import { casesFrom, withHead } from '../input/cases.ts';
import { splitInput, type Target } from '../target.ts';
import { checkProblem, demand } from '../violation.ts';

const timeoutMs = 100;
/** On top of the deadline: the machine may be busy with other things. */
const patienceMs = 5_000;
/** What an answer that redirects names; nobody may ever ask there. */
const elsewhere = 'redirected-elsewhere';

const corpus = { inputs: httpResponses(snapshots, elsewhere), maxBytes: 256 * 1024 };

export const agentClientTarget: Target = {
  cases: withHead(1, casesFrom(corpus)),
  open: openAgentClient,
};

async function openAgentClient() {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(new HostileServer());
  const port = await server.listen();
  const client = stack.use(await connectAgents({ timeoutMs }, silentLog));
  const url = `http://127.0.0.1:${port}`;

  /** First byte: how the answer comes. The rest is what the agent sends. */
  const check = async (input: Buffer): Promise<string> => {
    const [[how = 0], bytes] = splitInput(input, 1);
    await server.play(bytes, deliveryOf(how));
    const startMs = performance.now();
    const fetched = await client.fetch(url, 'web1');
    const tookMs = performance.now() - startMs;
    demand(tookMs < timeoutMs + patienceMs, () => `an answer took ${tookMs} ms, with a deadline of ${timeoutMs} ms`);
    const astray = server.requests.find((request) => !request.startsWith('GET /v1/snapshot HTTP/1.1\r\n'));
    demand(astray === undefined, () => `the client was led to ask ${JSON.stringify(astray)}`);
    if (!fetched.ok) {
      checkProblem(fetched.error);
      return `${fetched.error.code} ${fetched.error.code === 'agent-unreachable' ? fetched.error.got : ''}`.trim();
    }
    demand(snapshotSchema.safeParse(fetched.value).success, 'an accepted snapshot does not fit its own schema');
    return 'accepted';
  };
  const open = stack.move();
  return { check, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
