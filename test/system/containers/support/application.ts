import { type StartedTestContainer, Wait } from 'testcontainers';
import { type Snapshot, snapshotSchema } from '../../../../shared/contract/snapshot.ts';
import { setFaults } from '../../../../testbed/rig/app/control.ts';
import { engineStats } from './engine-stats.ts';
import { HardenedContainer } from './hardened-container.ts';
import { agentPort, appPort, type Surroundings, tokenInside } from './surroundings.ts';

/** Limits of a container, as those of a small VM. */
export interface Size {
  readonly cores: number;
  readonly memoryMebibytes: number;
}

/** A server of the pool: the demo's application with the agent beside it, in one container of the image. */
export class Application {
  readonly name: string;
  readonly container: StartedTestContainer;
  readonly #cores: number;
  readonly #token: string;

  private constructor(name: string, cores: number, container: StartedTestContainer, token: string) {
    this.name = name;
    this.container = container;
    this.#cores = cores;
    this.#token = token;
  }

  static async start(
    name: string,
    { cores, memoryMebibytes }: Size,
    { image, label, network, token, tokenFile }: Surroundings,
  ): Promise<Application> {
    const agent = ['agent', '--name', name, '--listen', `0.0.0.0:${agentPort}`, '--token-file', tokenInside];
    const app = ['node', 'dist/testbed/rig/app/main.js', '--name', name, '--listen', `0.0.0.0:${appPort}`];
    const container = await new HardenedContainer(image)
      .withLabels(label)
      .withNetwork(network)
      .withNetworkAliases(name)
      .withResourcesQuota({ cpu: cores, memory: memoryMebibytes / 1_024 })
      .withBindMounts([{ source: tokenFile, target: tokenInside, mode: 'ro' }])
      .withCommand([...agent, '--', ...app, '--cores', String(cores)])
      .withExposedPorts(appPort, agentPort)
      .withWaitStrategy(Wait.forAll([Wait.forHttp('/healthz', appPort), Wait.forHttp('/healthz', agentPort)]))
      .start();
    return new Application(name, cores, container, token);
  }

  async snapshot(): Promise<Snapshot> {
    const answer = await fetch(`${this.#url(agentPort)}/v1/snapshot`, {
      headers: { authorization: `Bearer ${this.#token}` },
    });
    return snapshotSchema.parse(await answer.json());
  }

  /** Its CPU or RAM by its own agent, 0 to 1; null while the first window is not over. */
  async utilisation(metric: 'cpu' | 'ram'): Promise<number | null> {
    const measured = (await this.snapshot()).metrics[metric];
    return measured.status === 'ok' ? measured.utilisation : null;
  }

  /** Has a part of its CPU quota really burnt, beside its requests. */
  async stress(share: number): Promise<void> {
    await setFaults(this.#url(appPort), { busy: share * this.#cores });
  }

  /** Runs a shell command in the container, as its user. Its output, trimmed, and its exit code. */
  async shell(command: string): Promise<{ readonly output: string; readonly exitCode: number }> {
    const { output, exitCode } = await this.container.exec(['sh', '-c', command]);
    return { output: output.trim(), exitCode };
  }

  /** Part of this many cores that it uses by the engine's count, over a second. */
  async engineCpu(cores: number): Promise<number> {
    const id = this.container.getId();
    const [before, startMs] = [await engineStats(id), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const after = await engineStats(id);
    return (after.usedCoreSeconds - before.usedCoreSeconds) / ((performance.now() - startMs) / 1_000) / cores;
  }

  #url(port: number): string {
    return `http://${this.container.getHost()}:${this.container.getMappedPort(port)}`;
  }
}
