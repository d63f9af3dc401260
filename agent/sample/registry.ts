import type { Clock } from '../../shared/clock.ts';
import type { Metric, MetricName } from '../../shared/contract/snapshot.ts';
import { bandwidthCollector } from '../collectors/bandwidth.ts';
import { cpuCollector } from '../collectors/cpu.ts';
import { ramCollector } from '../collectors/ram.ts';
import { ShortageReader } from '../collectors/shortage.ts';
import { tcpQueuesCollector } from '../collectors/tcp-queues.ts';
import { threadsCollector } from '../collectors/threads.ts';
import type { SocketSource } from '../kernel/socket-diagnostics.ts';
import type { Unavailable } from '../kernel/unavailable.ts';
import type { EffectiveCores } from '../scope/effective-cores.ts';
import type { Surroundings } from '../scope/target.ts';
import { IsolatedCollector } from './isolated-collector.ts';

/** A collector as the sampler sees it, whatever its readings are. */
export interface Entry<Name extends MetricName> {
  readonly name: Name;
  readonly current: Metric<Name>;
  readonly durationMs: number;
  sample(nowMs: number): void;
  skip(reason: Unavailable): void;
}

export type Registry = { readonly [Name in MetricName]: Entry<Name> } & { readonly shortage: ShortageReader };

/**
 * Every collector, by name, and what goes with them; a new metric is added here. TCP queues are read once a window: the
 * kernel walks its whole table of connections for them, which costs more than all the other metrics together.
 */
export function makeRegistry(
  surroundings: Surroundings,
  cores: EffectiveCores,
  sockets: SocketSource,
  clock: Clock,
  windowMs: number,
): Registry {
  return {
    cpu: new IsolatedCollector(cpuCollector(surroundings, cores), clock, windowMs),
    ram: new IsolatedCollector(ramCollector(surroundings), clock, windowMs),
    bandwidth: new IsolatedCollector(bandwidthCollector(surroundings), clock, windowMs),
    threads: new IsolatedCollector(threadsCollector(surroundings), clock, windowMs),
    shortage: new ShortageReader(surroundings),
    tcpQueues: new IsolatedCollector(tcpQueuesCollector(surroundings, sockets, windowMs), clock, windowMs),
  };
}
