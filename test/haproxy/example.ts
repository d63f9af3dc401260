import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { type HaproxyProcess, startHaproxy } from '../../testbed/rig/haproxy-process.ts';

export const example = fileURLToPath(new URL('../../haproxy/haproxy.cfg', import.meta.url));

/** The example with this machine's paths and addresses; each replaced text must occur in it. */
async function localExample(ports: readonly number[]): Promise<string> {
  const text = await readFile(example, 'utf8');
  const replacements: readonly [string, string][] = [
    [
      'stats socket /run/haproxy/admin.sock mode 660 group haproxy level admin',
      'stats socket unix@example.sock mode 660 level admin',
    ],
    ['\n    user haproxy\n    group haproxy\n', '\n'],
    ['    log /dev/log local0\n', ''],
    ['bind :80\n', 'bind unix@http.sock\n'],
    ...ports.map((port, index): [string, string] => [`192.0.2.1${index + 1}:8080`, `127.0.0.1:${port}`]),
  ];
  return replacements.reduce((config, [from, to]) => {
    if (config.split(from).length !== 2)
      throw new Error(`haproxy.cfg does not have exactly one ${JSON.stringify(from)}`);
    return config.replace(from, to);
  }, text);
}

/** A HAProxy that runs haproxy/haproxy.cfg, in front of servers web1 to web4 on these ports of loopback. */
export class ExampleHaproxy implements AsyncDisposable {
  /** At the socket that the example itself has. */
  readonly api: RuntimeApi;
  readonly #haproxy: HaproxyProcess;

  private constructor(haproxy: HaproxyProcess) {
    this.#haproxy = haproxy;
    this.api = new RuntimeApi({ socket: join(haproxy.folder, 'example.sock') });
  }

  static async start(ports: readonly number[]): Promise<ExampleHaproxy> {
    return new ExampleHaproxy(await startHaproxy({ configuration: await localExample(ports), masterWorker: true }));
  }

  async ask(method: 'GET' | 'POST' = 'GET'): Promise<{ readonly status: number; readonly body: string }> {
    const socketPath = join(this.#haproxy.folder, 'http.sock');
    const [response] = await once(
      request({ socketPath, method, headers: { host: 'example' }, agent: false }).end(),
      'response',
    );
    let body = '';
    for await (const chunk of response) body += chunk;
    return { status: response.statusCode, body };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#haproxy[Symbol.asyncDispose]();
  }
}
