import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { err, ok, type Result } from '../contract/result.ts';

/** How long a holder may take to say who it is, in ms, and how much it may say. */
const answerMs = 1_000;
const maxAnswerBytes = 1_000;
/** A holder that has just ended leaves its name free within this many attempts, so far apart in ms. */
const attempts = 5;
const againMs = 50;

/** Who holds a name: the JSON that it says of itself; null where it says none that can be read. */
export interface NameHolder {
  readonly said: unknown;
}

/**
 * Holds a name that only one process of this machine can hold: a listening UNIX socket in Linux' abstract namespace. The
 * kernel frees it when the process ends, however it ends, so nothing is left behind that could keep the next one from
 * starting; it needs no folder that all users may write. It does not reach into other network namespaces or machines.
 * Returns what gives the name back, or who has it. `self`: what others are told, as JSON.
 */
export async function holdName(name: readonly string[], self: unknown): Promise<Result<AsyncDisposable, NameHolder>> {
  const path = pathOf(name);
  for (let attempt = 1; ; attempt += 1) {
    const held = await hold(path, self);
    if (held !== null) return ok(held);
    const holder = await ask(path);
    if (holder !== null || attempt === attempts) return err(holder ?? { said: null });
    await delay(againMs);
  }
}

/** Who holds the name now; null where it is free. */
export async function holderOfName(name: readonly string[]): Promise<NameHolder | null> {
  return await ask(pathOf(name));
}

function pathOf(name: readonly string[]): string {
  return `\0haweight-${createHash('sha256').update(JSON.stringify(name)).digest('hex')}`;
}

async function hold(path: string, self: unknown): Promise<AsyncDisposable | null> {
  const server = createServer((client) => {
    client.on('error', () => client.destroy());
    client.end(`${JSON.stringify(self)}\n`);
  });
  server.unref();
  server.listen({ path });
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return null;
    throw error;
  }
  return {
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function ask(path: string): Promise<NameHolder | null> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    let text = '';
    const finish = (holder: NameHolder | null) => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(holder);
    };
    const deadline = setTimeout(() => finish({ said: null }), answerMs);
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.length > maxAnswerBytes) finish({ said: null });
    });
    socket.on('end', () => finish({ said: parsed(text) }));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => finish(code === 'ECONNREFUSED' ? null : { said: null }));
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
