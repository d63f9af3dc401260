import { Agenda } from './agenda.ts';
import { SimulatedAgent } from './agent.ts';
import { Arrivals } from './arrivals.ts';
import { Clients } from './clients.ts';
import { conditionsOf } from './conditions.ts';
import { type WeightSetter, weightSetter } from './contender.ts';
import { SimulatedHaproxy } from './haproxy.ts';
import { checkEveryMs } from './health.ts';
import { Measures } from './measures.ts';
import type { Request } from './request.ts';
import { resultOf, type SimulationResult } from './result.ts';
import type { RivalSystem } from './rivals/rival.ts';
import { rivalSystem } from './rivals/systems.ts';
import { TickSampler } from './sampler.ts';
import type { Experiment, ServerSpec } from './schema.ts';
import { Server } from './server.ts';
import { type HaproxyStreams, type ServerStreams, type Streams, streamsOf } from './streams.ts';
import { Timeout } from './timeout.ts';
import { ratesOf } from './workload.ts';

/** The controller's default between two looks at HAProxy, in ms. */
const lookEveryMs = 200;

/** One run, event by event: clients, HAProxys, servers, agents and controllers share one agenda. */
export class Simulation {
  readonly #experiment: Experiment;
  readonly #streams: Streams;
  readonly #clients: Clients;
  readonly #agenda = new Agenda();
  readonly #startMs: number;
  readonly #endMs: number;
  readonly #measures: Measures;
  readonly #sampler: TickSampler;
  readonly #servers: readonly Server[];
  readonly #rival: RivalSystem | null;
  readonly #haproxys: readonly SimulatedHaproxy[];
  readonly #setters: readonly WeightSetter[];
  readonly #serverTimeout: Timeout;
  readonly #queueTimeout: Timeout;
  #allZeroTicks = 0;
  #ticks = 0;

  constructor(experiment: Experiment) {
    const { fleet, haproxys, seed, warmupSeconds, seconds, timeoutMs, timeoutQueueMs } = experiment;
    this.#experiment = experiment;
    this.#streams = streamsOf(seed, fleet.length, haproxys);
    this.#clients = new Clients(experiment, this.#streams);
    this.#startMs = warmupSeconds * 1_000;
    this.#endMs = this.#startMs + seconds * 1_000;
    this.#measures = new Measures(this.#startMs, timeoutMs);
    // the order of the slots matters: at the same instant, server events come first and controllers tick last
    this.#scheduleEvents();
    this.#servers = fleet.map((spec, index) => this.#makeServer(spec, index));
    this.#sampler = new TickSampler(this.#servers, this.#measures, this.#startMs);
    const measuring = this.#agenda.slot((nowMs) => this.#sampler.startMeasuring(nowMs));
    this.#agenda.set(measuring, this.#startMs);
    const agents = new Map(fleet.map((spec, index) => [spec.name, this.#makeAgent(spec, index)]));
    const known = { servers: this.#servers, agents: [...agents.values()], agenda: this.#agenda };
    this.#rival = rivalSystem(experiment.contender, known);
    this.#haproxys = this.#streams.haproxys.map((streams) => this.#makeHaproxy(streams));
    this.#serverTimeout = this.#makeTimeout(timeoutMs, (haproxy, ...request) => haproxy.timedOut(...request));
    this.#queueTimeout = this.#makeTimeout(timeoutQueueMs, (haproxy, ...request) => haproxy.queueTimedOut(...request));
    this.#scheduleArrivals();
    const nowMs = () => this.#agenda.nowMs;
    this.#setters = this.#haproxys.map((haproxy, index) => {
      return weightSetter({ experiment, haproxy, index, servers: this.#servers, agents, nowMs });
    });
    for (const setter of this.#setters) setter.start();
    this.#scheduleTicks();
    this.#scheduleLooks();
  }

  get isOver(): boolean {
    return this.#agenda.nextMs > this.#endMs;
  }

  /** 0 to 1. */
  get done(): number {
    return this.#agenda.nowMs / this.#endMs;
  }

  /** Runs the next event; a promise if it is a controller's tick. */
  step(): void | Promise<void> {
    return this.#agenda.step();
  }

  result(): SimulationResult {
    return resultOf({
      measures: this.#measures,
      inFlight: this.#pending().filter(({ arrivedMs }) => arrivedMs >= this.#startMs).length,
      servers: this.#sampler.measured(this.#endMs).map((measured, index) => {
        return { name: this.#experiment.fleet[index]?.name ?? '', ...measured };
      }),
      samples: this.#sampler.samples,
      allZeroTicks: this.#allZeroTicks,
      ticks: this.#ticks,
    });
  }

  #scheduleEvents(): void {
    const { fleet, scenario } = this.#experiment;
    for (const [index, { name }] of fleet.entries()) {
      const events = scenario.events.filter(({ server }) => server === name);
      const instants = events.flatMap(({ fromSeconds, untilSeconds }) => [fromSeconds, untilSeconds ?? fromSeconds]);
      for (const seconds of new Set(instants)) {
        const now = events.filter((event) => {
          return event.fromSeconds <= seconds && seconds < (event.untilSeconds ?? Number.POSITIVE_INFINITY);
        });
        const slot = this.#agenda.slot((nowMs) => {
          this.#servers[index]?.become(conditionsOf(now), nowMs);
          for (const setter of this.#setters) setter.capacityChanged();
        });
        this.#agenda.set(slot, Math.max(0, this.#startMs + seconds * 1_000));
      }
    }
  }

  #makeServer(spec: ServerSpec, index: number): Server {
    const slot = this.#agenda.slot((nowMs) => server.proceed(nowMs));
    const server = new Server({
      spec,
      random: this.#serverStreams(index).errors,
      reschedule: (atMs) => this.#agenda.set(slot, atMs),
      onDone: (request, nowMs) => this.#waitsFor(request)?.answered(request, nowMs),
      onBroken: (request, nowMs) => this.#waitsFor(request)?.broken(request, nowMs),
    });
    return server;
  }

  #makeAgent(spec: ServerSpec, index: number): SimulatedAgent {
    const server = this.#servers[index];
    if (server === undefined) throw new RangeError(`no server ${index}`);
    const agent = new SimulatedAgent(spec, server, this.#experiment.demandMs, this.#serverStreams(index).agent);
    const slot = this.#agenda.slot((nowMs) => this.#agenda.set(slot, agent.sample(nowMs)));
    this.#agenda.set(slot, agent.firstSampleMs);
    return agent;
  }

  #makeHaproxy(streams: HaproxyStreams): SimulatedHaproxy {
    const { fleet, balance, fastPath, fullconn, maxconn, minconn } = this.#experiment;
    const haproxy = new SimulatedHaproxy({
      servers: this.#servers,
      lines: fleet.map((spec) => ({ ...spec, maxconn: spec.maxconn ?? maxconn, minconn: spec.minconn ?? minconn })),
      balance,
      ...(this.#rival === null ? {} : { balancer: this.#rival }),
      fullconn: fullconn ?? null,
      fastPath,
      random: streams.dispatch,
      measures: this.#measures,
      onSent: (request, nowMs) => this.#serverTimeout.start(request, nowMs),
      onWaiting: (request, nowMs) => this.#queueTimeout.start(request, nowMs),
    });
    for (const index of fleet.keys()) {
      const slot = this.#agenda.slot((nowMs) => {
        haproxy.check(index, nowMs);
        this.#agenda.set(slot, nowMs + checkEveryMs);
      });
      this.#agenda.set(slot, streams.checks() * checkEveryMs);
    }
    return haproxy;
  }

  #scheduleArrivals(): void {
    const arrivals = new Arrivals(ratesOf(this.#experiment), this.#streams.arrivals);
    const slot = this.#agenda.slot((nowMs) => {
      this.#arrive(nowMs);
      this.#agenda.set(slot, arrivals.next());
    });
    this.#agenda.set(slot, arrivals.next());
  }

  #arrive(nowMs: number): void {
    const request = this.#clients.request(nowMs);
    this.#measures.arrived(request);
    this.#haproxys[request.haproxy]?.handle(request, nowMs);
  }

  #makeTimeout(lengthMs: number, onTimeout: (haproxy: SimulatedHaproxy, request: Request, nowMs: number) => void) {
    return new Timeout(this.#agenda, lengthMs, (request, nowMs) => {
      const haproxy = this.#waitsFor(request);
      if (haproxy !== undefined) onTimeout(haproxy, request, nowMs);
    });
  }

  /** The HAProxy of this request; undefined if the client no longer waits. */
  #waitsFor(request: Request): SimulatedHaproxy | undefined {
    return request.over ? undefined : this.#haproxys[request.haproxy];
  }

  #pending(): Request[] {
    return [...this.#serverTimeout.pending(), ...this.#queueTimeout.pending()];
  }

  /** The controllers tick at different instants, spread over the period. */
  #scheduleTicks(): void {
    const { periodMs } = this.#experiment;
    for (const [index, haproxy] of this.#haproxys.entries()) {
      const slot = this.#agenda.slot(async (nowMs) => {
        await this.#setters[index]?.tick();
        this.#ticks += 1;
        if (haproxy.isShut) this.#allZeroTicks += 1;
        if (index === 0) this.#sampler.sample(haproxy, nowMs);
        this.#agenda.set(slot, nowMs + periodMs);
      });
      this.#agenda.set(slot, (index * periodMs) / this.#haproxys.length);
    }
  }

  /** Between ticks, as the real controller does. */
  #scheduleLooks(): void {
    for (const [index, setter] of this.#setters.entries()) {
      if (setter.look === undefined) continue;
      const { look } = setter;
      const slot = this.#agenda.slot(async (nowMs) => {
        this.#agenda.set(slot, nowMs + (await look()));
      });
      this.#agenda.set(slot, ((index + 0.5) * lookEveryMs) / this.#setters.length);
    }
  }

  #serverStreams(index: number): ServerStreams {
    const streams = this.#streams.servers[index];
    if (streams === undefined) throw new RangeError(`no streams for server ${index}`);
    return streams;
  }
}
