import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAuxv } from '../../../agent/kernel/auxv.ts';
import { ProcRoot } from '../../../agent/kernel/proc-root.ts';
import type { SocketSource } from '../../../agent/kernel/socket-diagnostics.ts';
import { readBatch, SocketMessage } from '../../../agent/kernel/socket-messages.ts';
import { unavailable } from '../../../agent/kernel/unavailable.ts';
import { formatReport } from '../../../agent/run/report.ts';
import { makeRegistry } from '../../../agent/sample/registry.ts';
import { Sampler } from '../../../agent/sample/sampler.ts';
import { effectiveCores } from '../../../agent/scope/effective-cores.ts';
import { resolveScope, type ScopeChoice } from '../../../agent/scope/scope.ts';
import { prometheusText } from '../../../agent/serve/prometheus.ts';
import { SnapshotBody } from '../../../agent/serve/snapshot-body.ts';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { err, ok } from '../../../shared/contract/result.ts';
import { metricNames, type Snapshot, snapshotSchema } from '../../../shared/contract/snapshot.ts';
import { seededRandom } from '../../../shared/math/random.ts';
import { fileOf } from '../corpus.ts';
import { temporaryFolder } from '../folder.ts';
import { Dice } from '../input/dice.ts';
import { generate } from '../input/generate.ts';
import { chosen, splitInput, type Target } from '../target.ts';
import { checkProblem, demand } from '../violation.ts';

const recorded = new URL('../../../test/recorded/', import.meta.url).pathname;

interface Machine {
  readonly tree: string;
  readonly scope: ScopeChoice;
}

const machines: readonly [Machine, ...Machine[]] = [
  { tree: 'host', scope: { kind: 'host' } },
  { tree: 'host', scope: { kind: 'pid', pid: 700 } },
  { tree: 'host', scope: { kind: 'port', port: 8_080 } },
  { tree: 'host', scope: { kind: 'cgroup', path: '/system.slice/app.service' } },
  { tree: 'unit-v2', scope: { kind: 'cgroup', path: null } },
  { tree: 'container-v2', scope: { kind: 'cgroup', path: null } },
  { tree: 'container-v1', scope: { kind: 'cgroup', path: null } },
];

/** Most files of a tree that a case changes between two samples. */
const maxChanges = 3;

export const agentTarget: Target = {
  generate: (dice) => dice.bytes(16),
  open: () => {
    const folder = temporaryFolder();
    return {
      check: (input) => checkAgent(input, folder.path),
      [Symbol.asyncDispose]: async () => folder[Symbol.dispose](),
    };
  },
};

/** First byte: the machine and what of it is measured. The others are the seed of what its files turn into. */
function checkAgent(input: Buffer, folder: string): string {
  const [[which = 0], rest] = splitInput(input, 1);
  const { tree, scope } = chosen(which, machines);
  const dice = new Dice(seededRandom(rest.length >= 4 ? rest.readInt32LE(0) : rest.length));
  const [pristine, root] = [join(recorded, tree), join(folder, tree)];
  if (!existsSync(root)) cpSync(pristine, root, { recursive: true });
  const paths = filesIn(pristine);
  const changed = new Set<string>();
  const change = () => {
    for (let times = dice.below(maxChanges + 1); times > 0; times -= 1) {
      const path = paths[dice.below(paths.length)] ?? '';
      changed.add(path);
      changeFile(join(root, path), join(root, paths[dice.below(paths.length)] ?? ''), dice);
    }
  };
  if (dice.chance(0.5)) change();
  try {
    return observe(root, scope, dice, change);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    checkProblem(error.problem);
    return error.problem.code;
  } finally {
    // only these: copying a whole tree takes longer than everything else
    for (const path of changed) {
      rmSync(join(root, path), { recursive: true, force: true });
      cpSync(join(pristine, path), join(root, path));
    }
  }
}

function observe(root: string, scope: ScopeChoice, dice: Dice, change: () => void): string {
  const files = new ProcRoot(root);
  const target = resolveScope(files, scope);
  const units = parseAuxv(null);
  const configured = { cores: null, memoryBytes: null, linkBitsPerSecond: null, threads: null, interface: null };
  const surroundings = { files, units, target, configured };
  const cores = effectiveCores(surroundings);
  let nowMs = 1_000_000;
  const clock = { monotonicMs: () => nowMs, wallMs: () => 1_700_000_000_000 + nowMs };
  const registry = makeRegistry(surroundings, cores, hostileSockets(dice), clock, 2_000);
  const sampler = new Sampler({ target, registry, cores, clock, windowMs: 2_000, host: 'vm1', server: null });
  const body = new SnapshotBody(sampler);
  const known = new Set<string>();
  for (let samples = 0; samples < 3; samples += 1) {
    sampler.sample();
    const served = JSON.parse(body.json() ?? 'null') as unknown;
    const parsed = snapshotSchema.safeParse(served);
    demand(parsed.success, () => `a snapshot is served that does not fit the schema: ${parsed.error?.issues[0]?.path}`);
    for (const name of metricNames) if (parsed.data?.metrics[name].status === 'ok') known.add(name);
    if (sampler.latest !== null) prometheusText(sampler.latest, sampler);
    formatReport(parsed.data as Snapshot, []);
    change();
    nowMs += 1_000 + dice.below(12_000);
  }
  return `${known.size} of ${metricNames.length} metrics known at times`;
}

function changeFile(path: string, other: string, dice: Dice): void {
  const kind = dice.below(20);
  if (kind === 0) rmSync(path, { recursive: true, force: true });
  else if (kind === 1 && isFile(path)) {
    rmSync(path);
    mkdirSync(path);
  } else if (isFile(path)) {
    const inputs = [readFileSync(path), ...(isFile(other) ? [readFileSync(other)] : [])] as [Buffer, ...Buffer[]];
    writeFileSync(path, generate({ inputs, maxBytes: 64 * 1024 }, dice));
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

const listed = new Map<string, readonly string[]>();

function filesIn(root: string): readonly string[] {
  const known = listed.get(root) ?? listFiles(root);
  listed.set(root, known);
  return known;
}

function listFiles(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => isFile(join(root, path)))
    .sort();
}

/** The recorded dump, changed; sometimes the kernel has none. */
function hostileSockets(dice: Dice): SocketSource {
  const lines = fileOf('test/recorded/socket-dump.hex').toString('utf8').trim().split('\n');
  const [first = Buffer.alloc(0), ...rest] = lines.map((line) => Buffer.from(line, 'hex'));
  return {
    dump: (visit) => {
      if (dice.chance(0.1)) return err(unavailable('not-supported', 'no socket diagnostics here'));
      const message = new SocketMessage();
      let sockets = 0;
      for (const part of [first, ...rest]) {
        const bytes = dice.chance(0.5) ? part : generate({ inputs: [part], maxBytes: 64 * 1024 }, dice);
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        const sequence = bytes.length >= 12 ? view.getUint32(8, true) : 0;
        const end = readBatch(view, sequence, message, (socket) => {
          sockets += 1;
          visit(socket);
        });
        if (typeof end === 'object') return err(unavailable('failed', end.error));
      }
      return ok(sockets);
    },
  };
}
