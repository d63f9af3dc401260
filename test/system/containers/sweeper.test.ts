import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { until } from '../../../testbed/rig/wait.ts';
import { buildImage, docker, engineTest } from './support/engine.ts';

const sweeper = new URL('support/sweeper.ts', import.meta.url).href;

/** Starts one of each kind, says the run's name, and stays. */
const program = (image: string) => `
import { execFileSync } from 'node:child_process';
import { Sweeper } from ${JSON.stringify(sweeper)};
const { name, label } = new Sweeper();
const [[key, value]] = Object.entries(label);
const docker = (...args) => execFileSync('docker', args, { stdio: 'ignore' });
docker('volume', 'create', '--label', key + '=' + value, name);
docker('network', 'create', name);
const where = ['--network', name, '--volume', name + ':/run/volume', '--label', key + '=' + value];
docker('run', '--detach', ...where, '--entrypoint', 'sleep', ${JSON.stringify(image)}, '600');
console.log(name);
setInterval(() => undefined, 1_000);
`;

engineTest('a test that is ended with kill -9 leaves no container, network or volume', async (t) => {
  const args = ['--input-type=module', '--eval', program(await buildImage())];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const [name] = (await once(createInterface(child.stdout), 'line')) as [string];
  const left = async () => [
    ...(await words('ps', '--all', '--quiet', '--filter', `label=haweight.test=${name}`)),
    ...(await words('network', 'ls', '--quiet', '--filter', `name=${name}`)),
    ...(await words('volume', 'ls', '--quiet', '--filter', `name=${name}`)),
  ];
  t.is((await left()).length, 3);
  child.kill('SIGKILL');
  await ended;
  await until('all of it is gone', async () => (await left()).length === 0);
});

async function words(...args: string[]): Promise<readonly string[]> {
  return (await docker(...args)).split('\n').filter((word) => word !== '');
}
