import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Authority } from '../../../test/support/authority.ts';
import { Child } from '../../../testbed/rig/child.ts';
import type { Identity } from './raw-client.ts';
import { type ServerName, type ServerReport, serverNames } from './server-kinds.ts';

const program = new URL('./server-process.ts', import.meta.url).pathname;

/** Certificates for a server and a client; null where no openssl program makes them. */
function makeCertificates() {
  if (spawnSync('openssl', ['version']).status !== 0) return null;
  const authority = new Authority('the fuzzer');
  const server = authority.issue('server', 'IP:127.0.0.1');
  const client = authority.issue('client', 'DNS:client');
  return { authority, server, client };
}

function readIdentity({ cert, key }: Identity): Identity {
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

/** The process of the servers, as seen from outside. */
export class Servers implements AsyncDisposable {
  readonly child: Child;
  /** Of a client that the CA knows. */
  readonly client: Identity | null;
  readonly #certificates = makeCertificates();
  #ports: readonly (number | null)[] = [];

  constructor() {
    const made = this.#certificates;
    const files = made === null ? null : { ...made.server, ca: made.authority.ca };
    this.client = made === null ? null : readIdentity(made.client);
    this.child = new Child('servers', [process.execPath, '--expose-gc', program, JSON.stringify(files)], { ipc: true });
  }

  async start(): Promise<void> {
    await Promise.race([once(this.child.process, 'message'), this.child.failure]);
    this.#ports = (await this.report()).ports;
  }

  /** null where there is no certificate for it. */
  portOf(name: ServerName): number | null {
    return this.#ports[serverNames.indexOf(name)] ?? null;
  }

  async report(wanted: 'report' | 'report of the heap' = 'report'): Promise<ServerReport> {
    const answered = once(this.child.process, 'message');
    this.child.process.send(wanted);
    const [report] = (await Promise.race([answered, this.child.failure])) as [ServerReport];
    return report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.kill();
    this.#certificates?.authority[Symbol.dispose]();
  }
}
