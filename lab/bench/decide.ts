import { decide, initialDecideState } from '../../controller/decide/decide.ts';
import { defaultGuardSettings } from '../../controller/decide/guard/settings.ts';
import { policyNamed } from '../../controller/decide/policies/registry.ts';
import { type Observation, undisturbed } from '../../shared/contract/observation.ts';
import { policyNames } from '../../shared/contract/policy-names.ts';
import { defaultLimitMode } from '../../shared/contract/server-limit.ts';

/** CPU time of one tick's decisions (no I/O), by policy, size of the backend and share of its servers over a threshold. */
const sizes = [100, 1_000, 4_000];
const overloaded = [0, 0.1, 0.5];
const warmUp = 5;
const rounds = 10;
const factors = { cpu: 0.5, ram: 0.3, bandwidth: 0.15, threads: 0.05 };
const thresholds = { cpu: 0.8, ram: 0.8, bandwidth: 0.8, threads: 0.85, tcpQueues: 0.9 };

function observation(index: number, isOver: boolean): Observation {
  const cpu = isOver ? 0.95 : 0.3 + (index % 40) / 100;
  return {
    server: `s${index}`,
    address: '192.0.2.1',
    port: 8080,
    machine: `m${index}`,
    agentUrl: `http://s${index}/`,
    takesRequests: true,
    exclusion: null,
    configuredWeight: 100,
    currentWeight: 100,
    upForMs: 3_600_000,
    traffic: { ok: 100, errors: 0, clientErrors: 0 },
    flow: { started: 100, redispatches: 0, inFlightMean: 3, queued: 0 },
    fast: undisturbed,
    elsewhere: null,
    inFlight: 3,
    agent: {
      state: 'fresh',
      ageMs: 100,
      utilisation: { cpu, ram: 0.4, bandwidth: 0.1, threads: 0.1, tcpQueues: 0 },
      effectiveCores: 1 + (index % 4),
    },
  };
}

process.stdout.write('policy            servers   over %   ms CPU/tick\n');
for (const name of policyNames) {
  for (const size of sizes) {
    for (const share of overloaded) {
      const policy = policyNamed(name);
      const observations = Array.from({ length: size }, (_, index) => observation(index, index < size * share));
      const input = {
        observations,
        policy,
        factors,
        thresholds,
        guard: defaultGuardSettings,
        limits: defaultLimitMode,
      };
      const tick = { ...input, algorithm: 'leastconn', elapsedMs: 2_000 };
      let state = initialDecideState(policy);
      for (let round = 0; round < warmUp; round += 1) state = decide(tick, state).state;
      const before = process.cpuUsage();
      for (let round = 0; round < rounds; round += 1) state = decide(tick, state).state;
      const { user, system } = process.cpuUsage(before);
      const ms = ((user + system) / 1_000 / rounds).toFixed(1);
      process.stdout.write(
        `${name.padEnd(16)} ${String(size).padStart(8)} ${String(share * 100).padStart(8)} ${ms.padStart(15)}\n`,
      );
    }
  }
}
