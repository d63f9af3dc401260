import type { Target } from '../target.ts';

interface Entry {
  /** The input in a few words, for --help. */
  readonly about: string;
  /** Loaded on demand, so that no target adds to the memory of another. */
  readonly load: () => Promise<Target>;
}

/** In the order in which they run. */
export const targets = {
  snapshot: { about: "agents' answers", load: async () => (await import('./snapshot.ts')).snapshotTarget },
  'agent-client': {
    about: 'the same over real HTTP connections',
    load: async () => (await import('./agent-client.ts')).agentClientTarget,
  },
  peer: { about: "other controllers' answers", load: async () => (await import('./peer.ts')).peerTarget },
  replies: { about: "HAProxy's replies", load: async () => (await import('./replies.ts')).repliesTarget },
  'runtime-api': {
    about: 'the same through a real UNIX socket',
    load: async () => (await import('./runtime-api.ts')).runtimeApiTarget,
  },
  configuration: {
    about: "the controller's YAML file, with and without flags",
    load: async () => (await import('./configuration.ts')).configurationTarget,
  },
  experiment: {
    about: 'the file of haweight simulate',
    load: async () => (await import('./experiment.ts')).experimentTarget,
  },
  recording: {
    about: 'recordings, read and replayed',
    load: async () => (await import('./recording.ts')).recordingTarget,
  },
  jtl: {
    about: "JMeter's result files, read and shown",
    load: async () => (await import('./jtl.ts')).jtlTarget,
  },
  kernel: { about: "the kernel's texts and messages", load: async () => (await import('./kernel.ts')).kernelTarget },
  agent: {
    about: 'a whole agent on edited kernel files',
    load: async () => (await import('./agent.ts')).agentTarget,
  },
  status: {
    about: 'the status that the command line reads and shows',
    load: async () => (await import('./status.ts')).statusTarget,
  },
  'http-server': {
    about: 'the HTTP server of both, with and without token and TLS',
    load: async () => (await import('./http-server.ts')).httpServerTarget,
  },
  'http-agent': {
    about: "a real agent's HTTP endpoints",
    load: async () => (await import('./http.ts')).httpAgentTarget,
  },
  'http-controller': {
    about: "a real controller's HTTP endpoints",
    load: async () => (await import('./http.ts')).httpControllerTarget,
  },
} as const satisfies Readonly<Record<string, Entry>>;

export type TargetName = keyof typeof targets;
export const targetNames = Object.keys(targets) as TargetName[];

export function isTargetName(name: string): name is TargetName {
  return Object.hasOwn(targets, name);
}
