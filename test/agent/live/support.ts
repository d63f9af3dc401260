import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { parseAuxv } from '../../../agent/kernel/auxv.ts';
import { ProcRoot } from '../../../agent/kernel/proc-root.ts';
import { SocketDiagnostics } from '../../../agent/kernel/socket-diagnostics.ts';
import { makeRegistry } from '../../../agent/sample/registry.ts';
import { Sampler } from '../../../agent/sample/sampler.ts';
import { effectiveCores } from '../../../agent/scope/effective-cores.ts';
import { resolveScope, type ScopeChoice } from '../../../agent/scope/scope.ts';
import type { ConfiguredLimits } from '../../../agent/scope/target.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { Metrics } from '../../../shared/contract/snapshot.ts';
import { Child } from '../../../testbed/rig/child.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { nothingConfigured } from '../support.ts';

const program = new URL('./live-app.ts', import.meta.url).pathname;

const enterGroups = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@"';

/** A process that does one thing; ends with the test. */
export class LiveApp implements AsyncDisposable {
  readonly child: Child;
  readonly port: number;

  private constructor(child: Child, port: number) {
    this.child = child;
    this.port = port;
  }

  /** `groups`: folders of control groups that it enters before it begins. */
  static async start(
    what: 'idle' | 'busy' | 'hog' | 'threads' | 'listen' | 'send',
    amount = 0,
    groups: readonly string[] = [],
  ): Promise<LiveApp> {
    const command = [process.execPath, program, what, String(amount)];
    const through = ['sh', '-c', enterGroups, 'sh', ...groups, '--'];
    const child = new Child(`app ${what}`, command, { through, stdout: true });
    const port = await until(
      () => `app ${what}: ${child.stderr}`,
      () => /^ready (\d+)\n/.exec(child.stdout)?.[1] ?? null,
    );
    return new LiveApp(child, Number(port));
  }

  get pid(): number {
    return this.child.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.kill();
  }
}

/** Connections to a port that are never written to or read from unless the test does; closed with the test. */
export class Connections implements Disposable {
  readonly sockets: Socket[] = [];

  async open(port: number): Promise<Socket> {
    const socket = this.begin(port);
    await once(socket, 'connect');
    return socket;
  }

  /** Does not wait for the connection, which a full accept queue may never give. */
  begin(port: number): Socket {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    this.sockets.push(socket);
    return socket;
  }

  [Symbol.dispose](): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Samples this machine until `look` finds what it wants, and returns that. Errors: it takes too long. */
export async function untilMeasured<Value>(
  scope: ScopeChoice,
  configured: Partial<ConfiguredLimits>,
  look: (metrics: Metrics) => Value | null | false,
): Promise<Value> {
  const files = new ProcRoot();
  const target = resolveScope(files, scope);
  const units = parseAuxv(files.bytesOrNull('/proc/self/auxv'));
  const surroundings = { files, units, target, configured: { ...nothingConfigured, ...configured } };
  const cores = effectiveCores(surroundings);
  using sockets = new SocketDiagnostics();
  const [clock, windowMs] = [systemClock, 400];
  const registry = makeRegistry(surroundings, cores, sockets, clock, windowMs);
  const sampler = new Sampler({ target, registry, cores, clock, windowMs, host: 'here', server: null });
  return await until(
    () => `the metric that was waited for; last seen ${JSON.stringify(sampler.latest?.metrics)}`,
    () => {
      sampler.sample();
      const { latest } = sampler;
      return latest === null ? null : look(latest.metrics);
    },
  );
}
