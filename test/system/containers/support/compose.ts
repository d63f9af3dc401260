import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { haproxyImage } from './engine.ts';

const run = promisify(execFile);
const repository = new URL('../../../..', import.meta.url).pathname;

/** A stack of compose.yaml, or of another file, with names and host ports of its own. */
export interface ComposeStack extends AsyncDisposable {
  /** Runs `docker compose ARGS` (or docker-compose) on it; returns standard output. */
  compose(...args: string[]): Promise<string>;
  /** Address of a service's port on this machine, such as 127.0.0.1:32768. */
  address(service: string, port: number): Promise<string>;
  /** Ids of a service's containers, ended ones too. */
  container(service: string): Promise<string>;
}

/** A stack that is not started yet; at the end everything is removed, volumes too. `image`: from buildImage. */
export async function composeStack(project: string, image: string, file = 'compose.yaml'): Promise<ComposeStack> {
  const [program, ...first] = await composeCommand();
  const env = {
    ...process.env,
    HAPROXY_IMAGE: await haproxyImage(),
    HAWEIGHT_IMAGE: image,
    // any free port
    HAWEIGHT_PORT: '0',
    HAWEIGHT_STATS_PORT: '0',
  };
  const options = ['--project-name', project, '--project-directory', repository, '--file', file];
  const compose = async (...args: string[]) => {
    const { stdout } = await run(program, [...first, ...options, ...args], { cwd: repository, env });
    return stdout.trim();
  };
  return {
    compose,
    address: (service, port) => compose('port', service, `${port}`),
    async container(service) {
      const name = ['--filter', `label=com.docker.compose.service=${service}`];
      const own = ['--filter', `label=com.docker.compose.project=${project}`];
      return (await run('docker', ['ps', '--all', '--quiet', ...own, ...name])).stdout.trim();
    },
    async [Symbol.asyncDispose]() {
      await compose('down', '--volumes', '--timeout', '5');
    },
  };
}

/** `docker compose` where the plugin is installed, else docker-compose. */
async function composeCommand(): Promise<[string, ...string[]]> {
  try {
    await run('docker', ['compose', 'version']);
    return ['docker', 'compose'];
  } catch {
    return ['docker-compose'];
  }
}
