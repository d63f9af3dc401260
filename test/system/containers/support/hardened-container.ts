import { GenericContainer } from 'testcontainers';

/** Where ports are published. In a container of its own, Testcontainers would look for them at the bridge's address. */
const loopback = '127.0.0.1';
process.env['TESTCONTAINERS_HOST_OVERRIDE'] = loopback;

/** A container with what compose.yaml gives it, too: nothing to write, no capability, and no way to get one. */
export class HardenedContainer extends GenericContainer {
  constructor(image: string) {
    super(image);
    this.hostConfig.ReadonlyRootfs = true;
    this.withDroppedCapabilities('ALL').withSecurityOpt('no-new-privileges');
  }

  /** Testcontainers publishes ports on all of the machine's addresses. */
  protected override beforeContainerCreated(): Promise<void> {
    bindToLoopback(this.hostConfig);
    return Promise.resolve();
  }
}

/** A container as its image is, but for its ports: those are on loopback only. */
export class LoopbackContainer extends GenericContainer {
  protected override beforeContainerCreated(): Promise<void> {
    bindToLoopback(this.hostConfig);
    return Promise.resolve();
  }
}

function bindToLoopback(hostConfig: { PortBindings?: unknown }): void {
  const bindings = (hostConfig.PortBindings ?? {}) as Record<string, { HostIp?: string }[]>;
  for (const binding of Object.values(bindings).flat()) binding.HostIp = loopback;
}
