import { backend } from '../rig/stack.ts';
import { hasDefaultAgents, hasDefaultController, type Plan } from './plan.ts';
import type { DemoSettings } from './settings.ts';

export interface IntroductionOptions {
  readonly settings: DemoSettings;
  readonly plan: Plan;
  /** Path of HAProxy's stats socket. */
  readonly socket: string;
  /** How this user calls haweight. */
  readonly haweight: string;
}

/** What the demo says before its first phase: what runs, and how to look at it from another terminal. */
export function introduction({ settings, plan, socket, haweight }: IntroductionOptions): readonly string[] {
  const { servers, requestsPerSecond, phaseSeconds } = settings;
  const sizes = servers.map(({ cores }) => cores).join(', ');
  const cores = servers.reduce((sum, server) => sum + server.cores, 0);
  const agents = hasDefaultAgents(plan) ? '' : ` --agent-url http://{address}:${plan.agentPort}`;
  const haproxy = `--socket ${socket} --backend ${backend}${agents}`;
  const controller = hasDefaultController(plan) ? '' : ` --controller http://127.0.0.1:${plan.controllerPort}`;
  return [
    `A real HAProxy with ${servers.length} application servers of ${sizes} CPU cores`,
    `(${cores.toFixed(1)} together), and ${requestsPerSecond} requests a second for http://127.0.0.1:${plan.frontPort}:`,
    `${phaseSeconds} s without the controller, then the same ${phaseSeconds} s with it.`,
    'Ctrl-C ends it at any time and leaves nothing behind.',
    '',
    'Look at it from another terminal. At any time:',
    `  ${haweight} doctor ${haproxy}`,
    'In the second phase, when the controller runs:',
    `  ${haweight} weights --watch${controller}`,
    `  ${haweight} explain ${backend}/${servers[0]?.name}${controller}`,
    '',
  ];
}
