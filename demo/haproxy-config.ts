/** What the demo's HAProxy is configured with. */
export interface HaproxySetup {
  readonly socketPath: string;
  readonly port: number;
  readonly backend: string;
  readonly weight: number;
  /** How long a server may take, in ms; longer than any client waits, so that the client decides. */
  readonly serverTimeoutMs: number;
  readonly servers: readonly { readonly name: string; readonly port: number }[];
}

/** haproxy.cfg: every server with the same weight, as one who knows nothing of them would write it. */
export function haproxyConfig(setup: HaproxySetup): string {
  const { socketPath, port, backend, weight, serverTimeoutMs, servers } = setup;
  return `global
    stats socket ${socketPath} mode 600 level admin
    nbthread 1
    maxconn 5000

defaults
    mode http
    timeout connect 2s
    timeout client ${serverTimeoutMs}ms
    timeout server ${serverTimeoutMs}ms
    # when a client has given up, tell the server
    option abortonclose

frontend demo
    bind 127.0.0.1:${port}
    default_backend ${backend}

backend ${backend}
    balance roundrobin
${servers.map((server) => `    server ${server.name} 127.0.0.1:${server.port} check inter 2s weight ${weight}`).join('\n')}
`;
}
