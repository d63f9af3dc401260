import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:http2';
import { text } from 'node:stream/consumers';

interface Ask {
  readonly port: number;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One GET over a new connection, as soon as its answer begins. */
export async function ask({ port, path, headers = {} }: Ask): Promise<IncomingMessage> {
  const sent = request({ host: '127.0.0.1', port, path, headers, agent: false }).end();
  const [response] = await once(sent, 'response');
  return response;
}

/** One GET; resolves with its status when all of the answer has come, 0 where the connection broke. */
export async function statusOf(asked: Ask): Promise<number> {
  try {
    const response = await ask(asked);
    await text(response);
    return response.statusCode ?? 0;
  } catch {
    return 0;
  }
}

/** As many GETs at once over one connection with HTTP/2; resolves with their statuses. */
export async function statusesOverHttp2({ port, path }: Ask, count: number): Promise<readonly number[]> {
  const session = connect(`http://127.0.0.1:${port}`);
  // a broken session ends each of its streams, which is how it is counted
  session.on('error', () => undefined);
  const one = async () => {
    try {
      const stream = session.request({ ':path': path });
      const [headers] = await once(stream, 'response');
      await text(stream);
      return Number(headers[':status']);
    } catch {
      return 0;
    }
  };
  const statuses = await Promise.all(Array.from({ length: count }, one));
  session.close();
  return statuses;
}

/** People who each send a request, wait for its answer, and send the next one. */
export class Clients implements AsyncDisposable {
  /** Answers by status; 0: the connection broke. */
  readonly statuses = new Map<number, number>();
  readonly #asked: Ask;
  readonly #done: Promise<unknown>;
  #isOver = false;

  constructor(asked: Ask, count: number) {
    this.#asked = asked;
    this.#done = Promise.all(Array.from({ length: count }, () => this.#run()));
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const status = await statusOf(this.#asked);
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    }
  }

  /** Sends no more; resolves with all statuses when the last answer has come. */
  async stop(): Promise<readonly number[]> {
    this.#isOver = true;
    await this.#done;
    return [...this.statuses.keys()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
