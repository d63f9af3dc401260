// Prepares a fresh clone: npm packages (which include Node.js 24) and HAProxy; with --packages only the npm packages.
// JavaScript without dependencies: it runs before any is installed, with any Node.js of the machine.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const say = (line) => process.stderr.write(`setup: ${line}\n`);
const fail = (line) => {
  say(line);
  process.exit(2);
};

function run(command, args, options = {}) {
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], ...options }).status === 0;
}

/** npm writes a copy of the lock file when it has finished; an older copy means out of date. */
function packagesAreCurrent() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed) || !existsSync(join(root, 'node_modules', '.bin', 'node'))) return false;
  return statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

function installPackages() {
  if (packagesAreCurrent()) return;
  say('installing the npm packages of package-lock.json (a minute or so) ...');
  // NODE_ENV=production would leave out Node.js 24 and the test tools
  const npm = run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    shell: process.platform === 'win32',
  });
  if (!npm) fail('`npm ci` failed; see above. Run it by hand, then try again.');
  const version =
    spawnSync(join(root, 'node_modules', '.bin', 'node'), ['--version'], { encoding: 'utf8' }).stdout ?? '';
  const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.node;
  if (!version.startsWith('v24.'))
    fail(`Node.js ${wanted} did not install (got "${version.trim()}"). Run: npm rebuild node`);
}

const packageManagers = [
  {
    command: 'apt-get',
    steps: [
      ['apt-get', 'update', '-qq'],
      ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'haproxy'],
    ],
  },
  { command: 'dnf', steps: [['dnf', 'install', '-y', '-q', 'haproxy']] },
  { command: 'zypper', steps: [['zypper', '--non-interactive', '--quiet', 'install', 'haproxy']] },
  { command: 'pacman', steps: [['pacman', '-S', '--noconfirm', '--needed', 'haproxy']] },
  { command: 'apk', steps: [['apk', 'add', '--quiet', 'haproxy']] },
  { command: 'brew', steps: [['brew', 'install', '--quiet', 'haproxy']] },
];

const folders = [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];
const has = (command) => folders.some((folder) => folder !== '' && existsSync(join(folder, command)));

function installHaproxy() {
  if (process.env.HAPROXY || has('haproxy')) return;
  const manager = packageManagers.find(({ command }) => has(command));
  if (manager === undefined)
    fail(
      'HAProxy is missing, and there is no known package manager. Install HAProxy 2.4 or newer, or set HAPROXY=/path/to/haproxy.',
    );
  const isRoot = process.getuid?.() === 0;
  const needsRoot = manager.command !== 'brew' && !isRoot;
  const byHand = manager.steps
    .map((step) => `${needsRoot && has('sudo') ? 'sudo ' : ''}${step.join(' ')}`)
    .join(' && ');
  if (needsRoot && !has('sudo')) fail(`HAProxy is missing and installing it needs root. Run as root: ${byHand}`);
  const prefix = needsRoot ? ['sudo', '-n'] : [];
  say(`HAProxy is missing; installing it: ${byHand}`);
  for (const step of manager.steps) {
    const [command, ...args] = [...prefix, ...step];
    if (!run(command, args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })) {
      fail(`could not install HAProxy. Run it by hand: ${byHand}`);
    }
  }
  if (!has('haproxy')) fail(`HAProxy is still missing. Run it by hand: ${byHand}`);
}

installPackages();
if (!process.argv.includes('--packages')) installHaproxy();
