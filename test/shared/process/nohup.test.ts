import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { programs } from '../../../testbed/rig/programs.ts';
import { until } from '../../../testbed/rig/wait.ts';

/** A command under nohup, as a shell starts it: in the shell's session, and not at a terminal. */
class NohupRun implements AsyncDisposable {
  output = '';
  readonly #child;

  constructor(args: readonly string[]) {
    const environment = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };
    this.#child = spawn('nohup', [process.execPath, programs.haweight, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
  }

  /** Of Node.js: nohup becomes it. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async end(): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    return { code: this.#child.exitCode, signal: this.#child.signalCode };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGKILL');
    await this.end();
  }
}

/** From the kernel: SigCgt of proc(5), in which SIGHUP, number 1, is the lowest bit. */
function catchesHangup(pid: number): boolean {
  return /^SigCgt:\s.*[13579bdf]$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

for (const [name, args] of [
  ['an agent', ['agent', '--listen', '127.0.0.1:0', '--scope', 'host']],
  ['a controller', ['controller', '--backend', 'web', '--listen', '127.0.0.1:0', '--socket']],
] as const) {
  test(`under nohup, SIGHUP does not end ${name}, and is logged once; SIGTERM does`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'haweight-test-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    // no HAProxy: it waits for one
    await using run = new NohupRun(name === 'a controller' ? [...args, join(folder, 'none')] : args);
    await until(
      () => `the start: ${run.output}`,
      () => run.output.includes('127.0.0.1:'),
    );
    run.signal('SIGHUP');
    await until(
      () => `the log: ${run.output}`,
      () => run.output.includes('"message":"SIGHUP ignored"'),
    );
    run.signal('SIGHUP');
    run.signal('SIGTERM');
    const { code, signal } = await run.end();
    t.deepEqual({ code: name === 'an agent' ? code : 0, signal }, { code: 0, signal: null });
    t.is(run.output.split('SIGHUP ignored').length, 2);
  });
}

test('under nohup, SIGHUP does not end a command that has no use for signals', async (t) => {
  await using run = new NohupRun(['agent', '--once', '--json', '--scope', 'host', '--window-ms', '2000']);
  await until('its listener', () => catchesHangup(run.pid));
  run.signal('SIGHUP');
  t.deepEqual(await run.end(), { code: 0, signal: null });
  t.is((JSON.parse(run.output) as { windowMs: number }).windowMs > 0, true);
});
