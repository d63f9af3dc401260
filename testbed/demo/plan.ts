import { agentPort, controllerPort } from '../../shared/contract/endpoints.ts';
import type { Configuration } from '../rig/haproxy-configuration.ts';
import { freePorts } from '../rig/ports.ts';
import { backend, type Member as StackMember } from '../rig/stack.ts';
import { leastLimit } from './observe.ts';
import type { DemoServer, DemoSettings } from './settings.ts';

/** An application server and where it and its agent listen. */
export interface Member extends DemoServer, StackMember {
  readonly agentUrl: string;
}

/** Addresses and ports of all processes. */
export interface Plan {
  readonly frontPort: number;
  readonly controllerPort: number;
  readonly agentPort: number;
  readonly members: readonly Member[];
}

const front = '127.0.0.1';
/** Each server has an address of its own, as VMs do; on Linux all of 127.0.0.0/8 is loopback. */
const serverAddress = (index: number) => `127.0.0.${11 + index}`;
/** Preferred ports: agents and controller use haweight's defaults. */
const wantedPorts = { agent: agentPort, controller: controllerPort, front: 9480, app: 9480 };

export async function planFleet(servers: readonly DemoServer[]): Promise<Plan> {
  const hosts = servers.map((_, index) => serverAddress(index));
  const [agentPort, controllerPort, frontPort, appPort] = await freePorts([
    { port: wantedPorts.agent, hosts },
    { port: wantedPorts.controller, hosts: [front] },
    { port: wantedPorts.front, hosts: [front] },
    { port: wantedPorts.app, hosts },
  ]);
  const members = servers.map((server, index) => {
    const address = serverAddress(index);
    return { ...server, address, appPort, agentUrl: `http://${address}:${agentPort}` };
  });
  return { frontPort, controllerPort, agentPort, members };
}

/** Whether `haweight` finds the agents by itself. */
export function hasDefaultAgents({ agentPort }: Plan): boolean {
  return agentPort === wantedPorts.agent;
}

/** Whether `haweight` finds the controller by itself. */
export function hasDefaultController({ controllerPort }: Plan): boolean {
  return controllerPort === wantedPorts.controller;
}

/** A limit as large is none; a smaller one is that part of what is in flight (docs/limits.md). */
const fullconn = 10_000;

/** haproxy.cfg: every server with the same weight, as one who knows nothing of them would write it. */
export function haproxyConfiguration(
  { frontPort, members }: Plan,
  { configuredWeight: weight }: Pick<DemoSettings, 'configuredWeight'>,
): Configuration {
  const server = ({ name, address, appPort }: Member) => ({
    name,
    address: `${address}:${appPort}`,
    weight,
    options: `check inter 500ms minconn ${leastLimit} maxconn ${fullconn}`,
  });
  // when a client gives up, close the connection to the server, which then drops the work
  const lines = ['option abortonclose', `fullconn ${fullconn}`];
  return {
    frontends: [{ name: 'demo', bind: `${front}:${frontPort}`, backend }],
    backends: [{ name: backend, algorithm: 'roundrobin', lines, servers: members.map(server) }],
  };
}
