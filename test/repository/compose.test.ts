import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';

/** The parts of a service that these tests check. */
interface Service {
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly pids_limit?: number;
  readonly restart?: string;
  readonly user?: string;
  readonly privileged?: boolean;
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly cpus?: number;
  readonly mem_limit?: string;
}

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const text = read('compose.yaml');
const { services } = parse(text, { merge: true }) as { services: Record<string, Service> };
/** The services that a plain `docker compose up` starts. */
const byDefault = Object.entries(services).filter(([, { profiles }]) => profiles === undefined);

test('every service of a plain start is hardened, and none restarts for ever', (t) => {
  t.true(byDefault.length >= 8);
  for (const [name, service] of byDefault) {
    t.true(service.read_only, name);
    t.deepEqual(service.cap_drop, ['ALL'], name);
    t.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
    t.true((service.pids_limit ?? 0) > 0, name);
    t.regex(service.restart ?? '', /^on-failure:\d+$/, name);
    t.not(service.privileged, true, name);
    t.notRegex(service.user ?? '1000', /^(0|root)\b/, name);
  }
});

test('ports are published on loopback only, each movable by a variable', (t) => {
  const ports = Object.values(services).flatMap(({ ports: own = [] }) => own);
  t.true(ports.length >= 2);
  for (const port of ports) t.regex(port, /^127\.0\.0\.1:\$\{HAWEIGHT_[A-Z_]+:-\d+\}:\d+$/);
});

test("HAProxy's socket is mounted only by the containers of HAProxy and the controller", (t) => {
  const mounting = byDefault
    .filter(([, { volumes = [] }]) => volumes.some((volume) => volume.startsWith('socket:')))
    .map(([name]) => name);
  t.deepEqual(mounting, ['haproxy', 'controller']);
});

test('docs/containers.md has every variable of compose.yaml with its default', (t) => {
  const used = [...text.matchAll(/\$\{(\w+):-([^}]*)\}/g)].map(([, name, value]) => `${name} ${value || 'none'}`);
  t.true(used.length >= 7);
  const rows = read('docs/containers.md').matchAll(/^\| `([A-Z_]+)` \| `?([^`|]*)`? \|/gm);
  const told = [...rows].map(([, name, value]) => `${name} ${value}`);
  for (const variable of used) t.true(told.includes(variable), variable);
  for (const variable of told) if (variable.startsWith('HAWEIGHT_')) t.true(used.includes(variable), variable);
});

test('docs/containers.md has the servers in the sizes that compose.yaml gives them', (t) => {
  const sizes = byDefault
    .filter(([name]) => /^s\d$/.test(name))
    .map(([name, { cpus, mem_limit }]) => `| ${name} | ${cpus} | ${mem_limit} |`);
  t.is(sizes.length, 5);
  for (const size of sizes) t.true(read('docs/containers.md').includes(size), size);
});
