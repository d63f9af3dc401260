import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Snapshot, snapshotSchema } from '../../../../shared/contract/snapshot.ts';

/** What the agent does with a question; `measured` asks the real agent. */
export type AgentBehaviour = (response: ServerResponse, measured: () => Promise<Snapshot>) => Promise<void> | void;

/** A proxy in front of a real agent that can change its answers. It listens on a port of its own. */
export class FaultyAgent implements AsyncDisposable {
  behaviour: AgentBehaviour = honest;
  /** Questions that came. */
  asked = 0;
  readonly #target: string;
  readonly #server: Server;
  readonly #stop = new AbortController();

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((_, response) => {
      this.asked += 1;
      response.on('error', () => undefined);
      // the client, or the real agent, may have gone meanwhile: then there is no answer
      Promise.resolve(this.behaviour(response, () => this.#measured())).catch(() => response.destroy());
    });
  }

  /** In front of the agent that answers at this URL. */
  static async start(target: string): Promise<FaultyAgent> {
    const agent = new FaultyAgent(target);
    agent.#server.listen(0, '127.0.0.1');
    await once(agent.#server, 'listening');
    return agent;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #measured(): Promise<Snapshot> {
    const answer = await fetch(`${this.#target}/v1/snapshot`, { signal: this.#stop.signal });
    return snapshotSchema.parse(await answer.json());
  }
}

export const honest: AgentBehaviour = async (response, measured) => sendJson(response, await measured());

/** Answers the truth, this many ms late. */
export function slow(delayMs: number): AgentBehaviour {
  return async (response, measured) => {
    const snapshot = await measured();
    await delay(delayMs, undefined, { ref: false });
    sendJson(response, snapshot);
  };
}

/** Answers the truth byte by byte, so that it is never silent for long. */
export function dripping(everyMs: number): AgentBehaviour {
  return async (response, measured) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    for (const byte of JSON.stringify(await measured())) {
      if (response.destroyed) return;
      response.write(byte);
      await delay(everyMs, undefined, { ref: false });
    }
    response.end();
  };
}

/** Closes every connection without an answer. */
export const absent: AgentBehaviour = (response) => {
  response.destroy();
};

/** Answers this, whatever is asked. */
export function saying(body: string, status = 200): AgentBehaviour {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  };
}

/** Answers this many bytes, and reports how many of them were taken. */
export function endless(bytes: number, taken: (bytes: number) => void): AgentBehaviour {
  const chunk = Buffer.alloc(64 * 1024, ' ');
  return async (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    let goOn: () => void = () => undefined;
    for (const event of ['drain', 'close']) response.on(event, () => goOn());
    for (let sent = 0; sent < bytes && !response.destroyed; sent += chunk.length) {
      taken(sent);
      if (response.write(chunk) || response.destroyed) continue;
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
    }
    response.end();
  };
}

/** Answers the first sample for ever, as if it were new each time. */
export function frozen(): AgentBehaviour {
  let first: Snapshot | null = null;
  return async (response, measured) => {
    first ??= await measured();
    sendJson(response, { ...first, ageMs: 0 });
  };
}

/** Changes something of what was measured. */
export function lying(lie: (snapshot: Snapshot) => unknown): AgentBehaviour {
  return async (response, measured) => sendJson(response, lie(await measured()));
}

/** Changes what was measured as text: JSON.stringify writes no NaN and no half answers. */
export function misspelt(pattern: RegExp, text: string): AgentBehaviour {
  return async (response, measured) => {
    const body = JSON.stringify(await measured());
    if (!pattern.test(body)) throw new Error(`nothing to misspell in ${body}`);
    response.writeHead(200, { 'content-type': 'application/json' }).end(body.replace(pattern, text));
  };
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
