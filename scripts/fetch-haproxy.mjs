// Downloads HAProxy of another branch than the installed one, to run the tests with it. Nothing is installed: Debian's packages
// and their libraries are unpacked into a cache folder, and a small script there starts HAProxy with them.
// JavaScript without dependencies, like setup.mjs. apt-get downloads with its own lists and cache,
// so every package is signed by Debian, and the machine's package lists do not change.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const help = `Usage: node scripts/fetch-haproxy.mjs [options] BRANCH

Unpacks HAProxy of another branch into a cache folder and prints the path of a
program that runs it. Needs apt-get and dpkg-deb (Debian or Ubuntu) on x86-64.
A version in the cache is used without the network.

Options:
  --update    look for a newer version than that in the cache
  --list      print the available branches and exit
  -h, --help  print this help and exit

Environment:
  HAWEIGHT_DEBIAN_MIRROR  URL of Debian's packages (default: the mirror of this
                          machine's apt)
  XDG_CACHE_HOME          parent of the cache haweight/haproxy/ (default:
                          ~/.cache)

Examples:
  node scripts/fetch-haproxy.mjs 3.0
  HAPROXY=$(npm run -s haproxy:fetch 3.2) npm run test:haproxy
`;

/** The Debian suites of each branch. Experimental has only new packages, so the libraries come from sid. */
const branches = {
  2.6: { suites: ['bookworm'], libraries: ['libssl3', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libsystemd0'] },
  '3.0': { suites: ['trixie'] },
  3.2: { suites: ['forky'] },
  3.4: { suites: ['experimental', 'sid'] },
};
const newerLibraries = ['libssl3t64', 'liblua5.4-0', 'libopentracing-c-wrapper0t64', 'libjemalloc2'];
/** Libraries that all of them need, with their own libraries. The program names a missing one at the end. */
const commonLibraries = 'libc6 libcrypt1 libpcre2-8-0 zlib1g libzstd1 libgcc-s1 libstdc++6 libopentracing1'.split(' ');
/** Needed by libsystemd0 of 2.6. */
const systemdLibraries = ['libcap2', 'libgcrypt20', 'libgpg-error0', 'liblzma5', 'liblz4-1'];

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'haweight', 'haproxy');

class Failure extends Error {}

function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    timeout: 300_000,
    ...options,
  });
  if (error?.code === 'ENOENT') throw new Failure(`${command} is missing; this works on Debian and Ubuntu only`);
  if (error !== undefined) throw new Failure(`${command} ${args[0]}: ${error.message}`);
  if (status === 0) return stdout;
  const said = stderr.split('\n').filter((line) => line.trim() !== '');
  // apt's errors begin like this; other lines are advice
  const [reason = said.at(-1) ?? `exit code ${status}`] = said.filter((line) => /^(E|Err|W):/.test(line));
  throw new Failure(`${command} ${args[0]}: ${reason}`);
}

/** The version of a program, such as 3.0.11-1+deb13u3; null if it does not run. */
function versionOf(program) {
  const { stdout } = spawnSync(program, ['-v'], { encoding: 'utf8' });
  return /^HAProxy version (\S+)/m.exec(stdout ?? '')?.[1] ?? null;
}

const isOfBranch = (version, branch) => version?.startsWith(`${branch}.`) ?? false;

/** This machine's mirror of Debian. It has all releases, but not the security updates. */
function debianMirror() {
  const given = process.env.HAWEIGHT_DEBIAN_MIRROR;
  if (given) return given;
  const listed = run('apt-get', ['indextargets', '--format', '$(ORIGIN)|$(LABEL)|$(REPO_URI)', 'Created-By: Packages']);
  const rows = listed.split('\n').map((row) => row.split('|'));
  const own = rows.find(
    ([origin, label, uri]) => origin === 'Debian' && label === 'Debian' && !uri.startsWith('cdrom:'),
  );
  if (own !== undefined) return own[2];
  throw new Failure('apt on this machine has no Debian mirror: run apt-get update, or set HAWEIGHT_DEBIAN_MIRROR=URL');
}

/** A separate apt: outside `folder` it uses only the keys, and it assumes that nothing is installed. */
function ownApt(folder, mirror, suites) {
  for (const each of ['lists/partial', 'archives/partial']) mkdirSync(join(folder, each), { recursive: true });
  const write = (name, text) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const sources = suites.map((suite) => `deb [arch=amd64 signed-by=${keyring}] ${mirror} ${suite} main\n`).join('');
  const settings = [
    ['Dir::Etc::SourceList', write('sources.list', sources)],
    ['Dir::Etc::SourceParts', '/dev/null'],
    ['Dir::Etc::Preferences', '/dev/null'],
    ['Dir::Etc::PreferencesParts', '/dev/null'],
    ['Dir::State', folder],
    ['Dir::State::status', write('status', '')],
    ['Dir::State::lists', join(folder, 'lists')],
    ['Dir::Cache', folder],
    ['Dir::Cache::archives', join(folder, 'archives')],
    ['APT::Architecture', 'amd64'],
    ['APT::Architectures', 'amd64'],
    // the user _apt may not be able to use the folder of root
    ['APT::Sandbox::User', process.getuid() === 0 ? 'root' : ''],
    ['APT::Update::Error-Mode', 'any'],
    ['Acquire::Languages', 'none'],
    ['Acquire::Retries', '4'],
    ['Acquire::http::Timeout', '30'],
  ];
  const config = write('apt.conf', settings.map(([key, value]) => `${key} "${value}";\n`).join(''));
  return (command, ...args) =>
    run(command, args, { cwd: join(folder, 'archives'), env: { ...process.env, APT_CONFIG: config, LC_ALL: 'C' } });
}

/** The newest haproxy of the suites. Fails if it is of another branch: then the table is out of date. */
function newestVersion(apt, branch, suites) {
  const rows = apt('apt-cache', 'madison', 'haproxy').trim().split('\n');
  const versions = rows.map((row) => row.split('|').map((cell) => cell.trim()));
  const found = versions.find(([, , source]) => source?.includes(` ${suites[0]}/`))?.[1];
  if (found === undefined) throw new Failure(`Debian ${suites[0]} has no haproxy`);
  if (isOfBranch(found, branch)) return found;
  throw new Failure(`Debian ${suites[0]} has HAProxy ${found} now, not ${branch}: fix the table in fetch-haproxy.mjs`);
}

function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * The unpacked libraries' loader starts HAProxy, because this machine's loader is of another glibc. It uses the script's
 * name as its own, because on a reload the master executes the name it was started with.
 */
function launcher(target) {
  const libraries = join(target, 'root', 'usr', 'lib', 'x86_64-linux-gnu');
  const loader = join(libraries, 'ld-linux-x86-64.so.2');
  const args = ['--argv0', join(target, 'haproxy'), '--library-path', libraries, join(target, 'root/usr/sbin/haproxy')];
  return `#!/bin/sh\nexec ${[loader, ...args].map(quote).join(' ')} "$@"\n`;
}

function unpack(folder, target) {
  const archives = join(folder, 'archives');
  const root = join(folder, 'unpacked', 'root');
  mkdirSync(root, { recursive: true });
  for (const name of readdirSync(archives).filter((each) => each.endsWith('.deb')))
    run('dpkg-deb', ['-x', join(archives, name), root]);
  // until bookworm, packages have libraries in /lib, which is a link to /usr/lib
  const old = join(root, 'lib', 'x86_64-linux-gnu');
  if (existsSync(old)) run('cp', ['-a', `${old}/.`, join(root, 'usr', 'lib', 'x86_64-linux-gnu')]);
  const script = join(folder, 'unpacked', 'haproxy');
  writeFileSync(script, launcher(target));
  chmodSync(script, 0o755);
}

/** Fails if HAProxy would use a library of this machine. */
function checkLibraries(unpacked) {
  const libraries = join(unpacked, 'root', 'usr', 'lib', 'x86_64-linux-gnu');
  const args = ['--library-path', libraries, '--list', join(unpacked, 'root', 'usr', 'sbin', 'haproxy')];
  const listed = run(join(libraries, 'ld-linux-x86-64.so.2'), args).split('\n');
  const foreign = listed.filter((line) => line.includes(' => ') && !line.includes(` => ${libraries}/`));
  if (foreign.length === 0) return;
  const names = foreign.map((line) => line.trim().split(' ')[0]).join(', ');
  throw new Failure(`HAProxy needs libraries that were not fetched: ${names}; add their packages in fetch-haproxy.mjs`);
}

function fetchHaproxy(branch, target) {
  const { suites, libraries = newerLibraries } = branches[branch];
  if (process.arch !== 'x64' || process.platform !== 'linux')
    throw new Failure(`only for Linux on x86-64, not ${process.platform} ${process.arch}`);
  if (!existsSync(keyring)) throw new Failure(`${keyring} is missing: apt-get install debian-archive-keyring`);
  const mirror = debianMirror();
  mkdirSync(cache, { recursive: true });
  // in the same folder as the result, so that a rename is atomic when two run at once
  const folder = mkdtempSync(join(cache, `.${branch}-`));
  try {
    const apt = ownApt(folder, mirror, suites);
    // without a password in the mirror's URL
    const shown = mirror.replace(/\/\/[^/]*@/, '//');
    process.stderr.write(`haproxy:fetch: HAProxy ${branch} from Debian ${suites.join(' and ')} at ${shown} ...\n`);
    apt('apt-get', 'update', '-qq');
    const version = newestVersion(apt, branch, suites);
    const systemd = libraries.includes('libsystemd0') ? systemdLibraries : [];
    apt('apt-get', 'download', '-qq', `haproxy=${version}`, ...commonLibraries, ...libraries, ...systemd);
    unpack(folder, target);
    checkLibraries(join(folder, 'unpacked'));
    rmSync(target, { recursive: true, force: true });
    renameSync(join(folder, 'unpacked'), target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function main(args) {
  if (args.includes('-h') || args.includes('--help')) return help.trimEnd();
  if (args.includes('--list'))
    return Object.entries(branches)
      .map(([branch, { suites }]) => `${Number(branch).toFixed(1)}  Debian ${suites[0]}`)
      .sort()
      .join('\n');
  const [branch, ...more] = args.filter((arg) => arg !== '--update');
  const known = Object.keys(branches).sort();
  if (branch === undefined || more.length > 0 || !known.includes(branch))
    throw new Failure(`expected one branch of ${known.join(', ')}; got "${args.join(' ')}"`);
  const target = join(cache, branch);
  const program = join(target, 'haproxy');
  if (args.includes('--update') || !isOfBranch(versionOf(program), branch)) fetchHaproxy(branch, target);
  const version = versionOf(program);
  if (!isOfBranch(version, branch)) throw new Failure(`${program} does not run, or is of another branch: ${version}`);
  return program;
}

try {
  process.stdout.write(`${main(process.argv.slice(2))}\n`);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  process.stderr.write(`haproxy:fetch: ${error.message}\n`);
  process.exitCode = 2;
}
