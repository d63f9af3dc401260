import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Problem } from '../../shared/contract/problem.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';

/** What a holder says of itself to a process that wants the same. */
const holderSchema = z.object({ pid: z.number().int().positive(), listen: z.string().max(300) });
export type Holder = z.infer<typeof holderSchema>;

/** What one controller at a time may have. */
export type Claim =
  | { readonly kind: 'backend'; readonly socket: string; readonly backend: string }
  | { readonly kind: 'recording'; readonly file: string };

/** How long a holder may take to say who it is, in ms, and the longest answer that is read. */
const answerMs = 1_000;
const maxAnswerBytes = 1_000;
/** The name of a holder that has just ended is free within this many attempts; the time between them, in ms. */
const attempts = 5;
const againMs = 50;

/**
 * A name that only one process of this machine can hold: a listening UNIX socket in Linux' abstract namespace. The kernel
 * frees it when the process ends, however it ends, so nothing is left behind that could keep the next one from starting. It
 * needs no folder that all users may write to. It does not reach into other network namespaces or machines: a second
 * controller there is handled as a second writer (contest.ts).
 */
export async function claim(what: Claim, self: Holder): Promise<Result<AsyncDisposable, Problem>> {
  const path = nameOf(what);
  for (let attempt = 1; ; attempt += 1) {
    const held = await hold(path, self);
    if (held !== null) return ok(held);
    const holder = await askHolder(path);
    if (holder !== 'gone' || attempt === attempts) return err(takenProblem(what, holder === 'gone' ? null : holder));
    await delay(againMs);
  }
}

/** The holder of a claim, such as the controller that sets the weights of a backend; null: there is none. */
export async function holderOf(what: Claim): Promise<Holder | 'unknown' | null> {
  const holder = await askHolder(nameOf(what));
  if (holder === 'gone') return null;
  return holder ?? 'unknown';
}

/** The same name for every path to the same socket or file. */
function nameOf(what: Claim): string {
  const name =
    what.kind === 'backend' ? ['backend', resolved(what.socket), what.backend] : ['recording', resolved(what.file)];
  return `\0haweight-${createHash('sha256').update(JSON.stringify(name)).digest('hex')}`;
}

/** A path without symbolic links; what does not exist yet is resolved as far as it does. */
function resolved(address: string): string {
  const path = address.replace(/^unix[:@]/, '');
  if (!path.includes('/')) return path;
  try {
    return realpathSync(path);
  } catch {
    try {
      return join(realpathSync(dirname(path)), basename(path));
    } catch {
      return path;
    }
  }
}

async function hold(path: string, self: Holder): Promise<AsyncDisposable | null> {
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

/** What the holder says of itself; null: nothing that can be read; 'gone': the name is free again. */
function askHolder(path: string): Promise<Holder | null | 'gone'> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    let text = '';
    const finish = (holder: Holder | null | 'gone') => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(holder);
    };
    const deadline = setTimeout(() => finish(null), answerMs);
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.length > maxAnswerBytes) finish(null);
    });
    socket.on('end', () => finish(parseHolder(text)));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => finish(code === 'ECONNREFUSED' ? 'gone' : null));
  });
}

function parseHolder(text: string): Holder | null {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function takenProblem(what: Claim, holder: Holder | null): Problem {
  const who =
    holder === null ? 'a process that does not say who it is' : `pid ${holder.pid}, listening on ${holder.listen}`;
  if (what.kind === 'recording') {
    const fix = 'Give each controller a file of its own.';
    return {
      code: 'controller-running',
      where: what.file,
      what: 'another controller writes this recording',
      got: who,
      fix,
    };
  }
  return {
    code: 'controller-running',
    where: `backend ${what.backend} at ${what.socket}`,
    what: 'another controller sets its weights already',
    expected: 'one controller for a backend',
    got: who,
    fix: 'Stop that one first (systemctl stop haweight-controller), or look only: --dry-run.',
  };
}
