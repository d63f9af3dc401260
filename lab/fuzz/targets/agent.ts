import { join } from 'node:path';
import fc from 'fast-check';
import { parseAuxv } from '../../../agent/kernel/auxv.ts';
import { ProcRoot } from '../../../agent/kernel/proc-root.ts';
import { SlowFact } from '../../../agent/kernel/slow-fact.ts';
import type { SocketSource } from '../../../agent/kernel/socket-diagnostics.ts';
import { readBatch, SocketMessage } from '../../../agent/kernel/socket-messages.ts';
import { unavailable } from '../../../agent/kernel/unavailable.ts';
import { formatReport } from '../../../agent/run/report.ts';
import { makeRegistry } from '../../../agent/sample/registry.ts';
import { Sampler } from '../../../agent/sample/sampler.ts';
import { effectiveCores } from '../../../agent/scope/effective-cores.ts';
import { readMachine } from '../../../agent/scope/machine.ts';
import { resolveScope, type ScopeChoice } from '../../../agent/scope/scope.ts';
import { scopeWarnings } from '../../../agent/scope/warnings.ts';
import { prometheusText } from '../../../agent/serve/prometheus.ts';
import { SnapshotBody } from '../../../agent/serve/snapshot-body.ts';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { err, ok } from '../../../shared/contract/result.ts';
import { metricNames, type Snapshot, snapshotSchema } from '../../../shared/contract/snapshot.ts';
import { temporaryFolder } from '../folder.ts';
import { byte, draw } from '../input/draws.ts';
import { chosen, splitInput, type Target } from '../target.ts';
import { checkProblem, demand } from '../violation.ts';
import { type KernelHistory, kernelHistories, type Step, socketDump } from './kernel-history.ts';
import { KernelTree } from './kernel-tree.ts';

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
  { tree: 'zfs-arc', scope: { kind: 'host' } },
  { tree: 'hugepages-free', scope: { kind: 'host' } },
  { tree: 'cgroup-active-file', scope: { kind: 'cgroup', path: null } },
  { tree: 'cgroup-no-memory-controller', scope: { kind: 'cgroup', path: null } },
  { tree: 'cgroup-mount-root-above', scope: { kind: 'cgroup', path: null } },
  { tree: 'container-v2', scope: { kind: 'host' } },
];

export const agentTarget: Target = {
  cases: fc.array(byte, { minLength: 5, maxLength: 5 }).map((bytes) => Buffer.from(bytes)),
  open: () => {
    const folder = temporaryFolder();
    const trees = new Map<string, KernelTree>();
    /** First byte: the machine and what of it is measured. The others are the seed of what happens to its files. */
    const check = (input: Buffer): string => {
      const [[which = 0], rest] = splitInput(input, 1);
      const { tree: name, scope } = chosen(which, machines);
      const tree = trees.get(name) ?? new KernelTree(join(recorded, name), join(folder.path, name));
      trees.set(name, tree);
      return observe(tree, scope, draw(kernelHistories, rest.length >= 4 ? rest.readInt32LE(0) : rest.length));
    };
    return { check, [Symbol.asyncDispose]: async () => folder[Symbol.dispose]() };
  },
};

function observe(tree: KernelTree, scope: ScopeChoice, { before, steps }: KernelHistory): string {
  try {
    for (const change of before) tree.change(change);
    return sampleOften(tree, scope, steps);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    checkProblem(error.problem);
    return error.problem.code;
  } finally {
    tree.restore();
  }
}

function sampleOften(tree: KernelTree, scope: ScopeChoice, steps: readonly Step[]): string {
  const files = new ProcRoot(tree.root);
  const target = resolveScope(files, scope);
  const units = parseAuxv(null);
  const configured = { cores: null, memoryBytes: null, linkBitsPerSecond: null, threads: null, interface: null };
  const surroundings = { files, units, target, configured };
  const cores = effectiveCores(surroundings);
  let nowMs = 1_000_000;
  const clock = { monotonicMs: () => nowMs, wallMs: () => 1_700_000_000_000 + nowMs };
  let dump: Step['dump'] = null;
  const registry = makeRegistry(
    surroundings,
    cores,
    hostileSockets(() => dump),
    clock,
    2_000,
  );
  const facts = new SlowFact(
    () => ({ ...readMachine(files), warnings: [...scopeWarnings(surroundings, { container: 'lxc' })] }),
    0,
  );
  const sampler = new Sampler({ target, registry, cores, clock, windowMs: 2_000, host: 'vm1', server: null, facts });
  const body = new SnapshotBody(sampler);
  const known = new Set<string>();
  for (const step of steps) {
    dump = step.dump;
    sampler.sample();
    const served = JSON.parse(body.json() ?? 'null') as unknown;
    const parsed = snapshotSchema.safeParse(served);
    demand(parsed.success, () => `a snapshot is served that does not fit the schema: ${parsed.error?.issues[0]?.path}`);
    for (const name of metricNames) if (parsed.data?.metrics[name].status === 'ok') known.add(name);
    if (sampler.latest !== null) prometheusText(sampler.latest, sampler);
    formatReport(parsed.data as Snapshot, []);
    for (const change of step.changes) tree.change(change);
    nowMs += step.elapsedMs;
  }
  return `${known.size} of ${metricNames.length} metrics known at times`;
}

/** The recorded dump, edited as the current step says. */
function hostileSockets(currentDump: () => Step['dump']): SocketSource {
  return {
    dump: (visit) => {
      const dump = currentDump();
      if (dump === null) return err(unavailable('not-supported', 'no socket diagnostics here'));
      const message = new SocketMessage();
      let sockets = 0;
      for (const [index, part] of socketDump.entries()) {
        const bytes = dump[index]?.(part, part) ?? part;
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
