import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from '../../testbed/rig/child.ts';
import { httpServer } from '../support/http-server.ts';
import { isRoot } from '../support/root.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { testWhere } from '../support/test-where.ts';

const script = join(import.meta.dirname, '../../scripts/fetch-haproxy.mjs');
const isPossible =
  existsSync('/usr/bin/apt-get') &&
  existsSync('/usr/share/keyrings/debian-archive-keyring.gpg') &&
  process.platform === 'linux' &&
  process.arch === 'x64';
const debianTest = testWhere(isPossible, 'fetching HAProxy, which wants apt, its keys and Linux on x64');

async function run(command: string, args: readonly string[], environment: Readonly<Record<string, string>>) {
  const { HAWEIGHT_DEBIAN_MIRROR: _, ...inherited } = process.env;
  await using child = new Child(command, [command, ...args], { environment: { ...inherited, ...environment } });
  const { code } = await child.ended;
  return { code, errors: child.stderr };
}

// apt keeps no list that is empty
const packages = 'Package: nothing\nVersion: 1\nArchitecture: amd64\nFilename: nothing.deb\nSize: 0\n';
const packagesHash = createHash('sha256').update(packages).digest('hex');

/** The release file that apt needs. */
function releaseOf(label: string): string {
  const head = `Origin: Debian\nLabel: ${label}\nSuite: own\nCodename: own\nComponents: main\nArchitectures: amd64\n`;
  return `${head}Date: ${new Date().toUTCString()}\nSHA256:\n ${packagesHash} ${packages.length} main/binary-amd64/Packages\n`;
}

/** A mirror of archives by these labels, each with one release, and without the packages that the script wants. */
async function startMirror(labels: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const server = await httpServer(({ url = '' }, response) => {
    asked.push(url);
    const [, archive = '', file] = /^\/([^/]+)\/dists\/own\/(Release|main\/binary-amd64\/Packages)$/.exec(url) ?? [];
    const label = labels[archive];
    if (label === undefined) response.writeHead(404).end();
    else response.end(file === 'Release' ? releaseOf(label) : packages);
  });
  return { ...server, asked };
}

/** The settings of an apt that has these sources and no others. */
async function aptOf(folder: string, sources: readonly string[]): Promise<string> {
  await mkdir(join(folder, 'lists/partial'), { recursive: true });
  await writeFile(join(folder, 'sources.list'), sources.map((each) => `${each}\n`).join(''));
  await writeFile(join(folder, 'status'), '');
  const settings = {
    'Dir::Etc::SourceList': join(folder, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State': folder,
    'Dir::State::status': join(folder, 'status'),
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::Cache': folder,
    'APT::Sandbox::User': isRoot ? 'root' : '',
    'Acquire::http::Proxy': 'DIRECT',
  };
  const config = join(folder, 'apt.conf');
  await writeFile(
    config,
    Object.entries(settings)
      .map(([key, value]) => `${key} "${value}";\n`)
      .join(''),
  );
  return config;
}

debianTest("haproxy:fetch takes the mirror of the machine's apt, not its security archive", async (t) => {
  await using folder = await temporaryFolder();
  await using mirror = await startMirror({ security: 'Debian-Security', debian: 'Debian', other: 'Other' });
  const sources = ['security', 'other', 'debian'].map((each) => `deb [trusted=yes] ${mirror.url}/${each} own main`);
  const APT_CONFIG = await aptOf(folder.path, sources);
  const update = await run('apt-get', ['update', '-qq'], { APT_CONFIG });
  t.is(update.code, 0, update.errors);
  mirror.asked.length = 0;
  const { code, errors } = await run(process.execPath, [script, '3.0'], { APT_CONFIG, XDG_CACHE_HOME: folder.path });
  t.is(code, 2);
  t.true(errors.includes(`at ${mirror.url}/debian`), errors);
  t.true(mirror.asked.includes('/debian/dists/trixie/InRelease'), mirror.asked.join(' '));
  t.deepEqual(
    mirror.asked.filter((url) => !url.startsWith('/debian/')),
    [],
  );
});

debianTest(
  'haproxy:fetch takes the mirror that HAWEIGHT_DEBIAN_MIRROR names, and does not show its password',
  async (t) => {
    await using folder = await temporaryFolder();
    await using mirror = await startMirror({});
    const APT_CONFIG = await aptOf(folder.path, []);
    const { code, errors } = await run(process.execPath, [script, '3.2'], {
      APT_CONFIG,
      XDG_CACHE_HOME: folder.path,
      HAWEIGHT_DEBIAN_MIRROR: `${mirror.url.replace('//', '//user:secret@')}/named`,
    });
    t.is(code, 2);
    t.true(mirror.asked.includes('/named/dists/forky/InRelease'), mirror.asked.join(' '));
    t.true(errors.includes(` at ${mirror.url}/named `) && !errors.includes('secret'), errors);
  },
);

debianTest('haproxy:fetch without a mirror ends with one line that says how to name one', async (t) => {
  await using folder = await temporaryFolder();
  const APT_CONFIG = await aptOf(folder.path, []);
  const { code, errors } = await run(process.execPath, [script, '3.4'], { APT_CONFIG, XDG_CACHE_HOME: folder.path });
  t.is(code, 2);
  t.regex(errors, /^haproxy:fetch: [^\n]* HAWEIGHT_DEBIAN_MIRROR=URL\n$/);
});
