import { join } from 'node:path';
import { RuntimeApi } from '../../../haproxy/runtime-api.ts';
import type { Problem } from '../../../shared/contract/problem.ts';
import { ok, type Result } from '../../../shared/contract/result.ts';
import { haproxyReplies } from '../corpus.ts';
import { temporaryFolder } from '../folder.ts';
import { deliveryOf, HostileServer } from '../hostile-server.ts';
import { addressed, casesFrom, withHead } from '../input/cases.ts';
import { chosen, splitInput, type Target } from '../target.ts';
import { checkProblem, demand } from '../violation.ts';
import { checkInfo, checkStates, checkStats } from './replies.ts';

const timeoutMs = 100;
const patienceMs = 5_000;
/** Most commands that one call of the client sends. */
const maxExchanges = 2;

const corpus = { inputs: haproxyReplies, maxBytes: 1024 * 1024 };

type Call = (api: RuntimeApi, reply: Buffer) => Promise<Result<string, Problem>>;

function call<Value>(
  name: string,
  ask: (api: RuntimeApi) => Promise<Result<Value, Problem>>,
  check: (value: Value) => void,
): Call {
  return async (api) => {
    const result = await ask(api);
    if (!result.ok) return result;
    check(result.value);
    return ok(`${name}: read`);
  };
}

const changes = [
  { server: 's1', weight: 1 },
  { server: 's2', weight: 2 },
];

const setWeights: Call = async (api, reply) => {
  const result = await api.setWeights('web', changes);
  if (!result.ok) return result;
  const said = reply.toString('latin1');
  demand(
    said.split('\n').every((line) => line === '' || /^\[(?:[4-7]|warning|notice|info|debug)\]: /.test(line)) &&
      said.length > 1,
    'weights count as set after a reply that is not two empty lines',
  );
  return ok('weights: set');
};

const calls: readonly [Call, ...Call[]] = [
  call('states', (api) => api.servers(), checkStates),
  call('stats', (api) => api.stats(), checkStats),
  call('info', (api) => api.info(), checkInfo),
  call(
    'level',
    (api) => api.level(),
    () => {},
  ),
  call('states of web', (api) => api.servers('web'), checkStates),
  call('stats of web', (api) => api.stats('web'), checkStats),
  setWeights,
];

export const runtimeApiTarget: Target = {
  cases: withHead(1, addressed(casesFrom(corpus), callsFor)),
  open: openRuntimeApi,
};

/** Indexes of the calls that a reply is for. */
function callsFor(reply: Buffer): readonly [number, ...number[]] {
  if (reply.includes('srv_name')) return [0, 4];
  if (reply.includes('svname')) return [1, 5];
  return reply.includes('Uptime') ? [2] : [3, 6];
}

async function openRuntimeApi() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder());
  const server = stack.use(new HostileServer());
  const socket = join(folder.path, 'admin.sock');
  await server.listen(socket);
  const api = new RuntimeApi({ socket, timeoutMs });

  /** First byte: how the reply is delivered. Second: the call. The rest is the reply. */
  const check = async (input: Buffer): Promise<string> => {
    const [[how = 0, which = 0], reply] = splitInput(input, 2);
    const delivery = deliveryOf(how);
    await server.play(reply, delivery);
    const startMs = performance.now();
    const result = await chosen(which, calls)(api, reply);
    const tookMs = performance.now() - startMs;
    const limitMs = maxExchanges * timeoutMs + patienceMs;
    demand(tookMs < limitMs, () => `a call took ${tookMs} ms, with a deadline of ${timeoutMs} ms an exchange`);
    if (result.ok) {
      // a UNIX socket has no resets: closing is all there is
      const hasEnd = delivery !== 'never ends' && delivery !== 'too slow';
      demand(hasEnd, () => `a reply that ${delivery} counts as complete`);
      return result.value;
    }
    checkProblem(result.error);
    return result.error.code;
  };
  const open = stack.move();
  return { check, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
