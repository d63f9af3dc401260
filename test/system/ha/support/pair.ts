import { chmod, copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from '../../../../testbed/rig/child.ts';
import { type HaproxyProcess, startHaproxy } from '../../../../testbed/rig/haproxy-process.ts';
import { findHaproxy } from '../../../../testbed/rig/haproxy-program.ts';
import { until } from '../../../../testbed/rig/wait.ts';
import { Haweight } from '../../../support/process.ts';
import { appPort } from '../../../support/stack.ts';
import type { Network } from './network.ts';

const keptLogCharacters = 1_000_000;
const shipped = new URL('../../../../deploy/keepalived/', import.meta.url).pathname;

export interface PairOptions {
  readonly network: Network;
  readonly name: 'a' | 'b';
  /** A folder that it may write to and that every user may enter. */
  readonly folder: string;
  /** Flags of the controller besides the place of its HAProxy. */
  readonly flags: readonly string[];
}

/** HAProxy, controller and keepalived on one machine, with the shipped files. */
export class Pair implements AsyncDisposable {
  readonly haproxy: HaproxyProcess;
  readonly controller: Haweight;
  readonly #options: PairOptions;
  #keepalived: Child | null = null;

  private constructor(options: PairOptions, haproxy: HaproxyProcess, controller: Haweight) {
    this.#options = options;
    this.haproxy = haproxy;
    this.controller = controller;
  }

  static async start(options: PairOptions): Promise<Pair> {
    const { network, name, folder, flags } = options;
    const binary = join(folder, `haproxy-${name}`);
    const command = [...network.on(name), findHaproxy() ?? 'haproxy'].join(' ');
    await writeFile(binary, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
    const haproxy = await startHaproxy({ configuration: await haproxyConfiguration(name), binary, masterWorker: true });
    const where = ['--socket', haproxy.socket, '--backend', 'web', '--listen', '127.0.0.1:9478'];
    const through = { through: network.on(name) };
    const controller = new Haweight(['controller', ...where, '--log-level', 'debug', ...flags], {}, through);
    return new Pair(options, haproxy, controller);
  }

  /** Starts keepalived, so that the address may move here. */
  async startKeepalived(): Promise<void> {
    const { network, name, folder } = this.#options;
    const script = join(folder, 'check-haproxy');
    await copyFile(join(shipped, 'check-haproxy'), script);
    await chmod(script, 0o755);
    const text = await readFile(join(shipped, `keepalived-${name}.conf`), 'utf8');
    const configuration = join(folder, `keepalived-${name}.conf`);
    const changed = replaceEach(text, [
      ['/etc/keepalived/check-haproxy', script],
      ['script_user keepalived_script', 'script_user nobody'],
    ]);
    await writeFile(configuration, changed);
    const pidFiles = ['pid', 'vrrp_pid', 'checkers_pid'].map((kind) => `--${kind}=${join(folder, `${kind}-${name}`)}`);
    const args = ['--dont-fork', '--log-console', '--log-detail', '--use-file', configuration, ...pidFiles];
    const options = { through: network.on(name), stdout: true, keptCharacters: keptLogCharacters };
    this.#keepalived = new Child('keepalived', ['keepalived', ...args], options);
    await until(
      () => `keepalived finds HAProxy answering: ${this.log}`,
      () => this.log.includes('VRRP_Script(haproxy) succeeded'),
    );
  }

  /** What keepalived has logged. */
  get log(): string {
    return `${this.#keepalived?.stdout}${this.#keepalived?.stderr}`;
  }

  /** The machine dies without any goodbye. */
  async die(): Promise<void> {
    const { network, name } = this.#options;
    network.cut(name);
    const keepalived = this.#keepalived === null ? [] : await family(this.#keepalived.pid);
    this.controller.signal('SIGKILL');
    for (const pid of keepalived) process.kill(pid, 'SIGKILL');
    await this.haproxy.end('SIGKILL');
  }

  async weights(): Promise<ReadonlyMap<string, number>> {
    const servers = await until('HAProxy answers', async () => {
      const answer = await this.haproxy.api.servers('web');
      return answer.ok ? answer.value : null;
    });
    return new Map(servers.map(({ server, weight }) => [server, weight]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keepalived?.stop();
    await this.controller[Symbol.asyncDispose]();
    await this.haproxy.stop();
  }
}

async function haproxyConfiguration(name: string): Promise<string> {
  const text = await readFile(join(shipped, 'haproxy.cfg'), 'utf8');
  return replaceEach(text.replaceAll(':8080', `:${appPort}`), [
    ['    stats socket /run/haproxy/admin.sock mode 660 group haproxy level admin\n', ''],
    ['    user haproxy\n    group haproxy\n', ''],
    ['    log /dev/log local0\n', ''],
    // so that a client sees which HAProxy it was
    ['    default_backend web\n', `    default_backend web\n    http-response set-header x-server ${name}\n`],
  ]);
}

/** Replaces texts that must each occur exactly once. */
function replaceEach(text: string, replacements: readonly (readonly [string, string])[]): string {
  return replacements.reduce((config, [from, to]) => {
    if (config.split(from).length !== 2) throw new Error(`not exactly one ${JSON.stringify(from)}`);
    return config.replace(from, to);
  }, text);
}

/** A process and its children, which end with it if they get the time. */
async function family(pid: number): Promise<readonly number[]> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8')));
  return [...lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number)), pid];
}
