/** What the command line may change; each is named as on the command line in messages. */
export interface ConfigFlags {
  readonly config?: string;
  readonly socket?: string;
  readonly backend?: readonly string[];
  readonly agentUrl?: string;
  /** `SERVER=URL` or `BACKEND/SERVER=URL`. */
  readonly agent?: readonly string[];
  readonly agentTokenFile?: string;
  readonly agentCaFile?: string;
  readonly agentCertFile?: string;
  readonly agentKeyFile?: string;
  readonly peer?: readonly string[];
  readonly peerTokenFile?: string;
  readonly peerCaFile?: string;
  readonly peerCertFile?: string;
  readonly peerKeyFile?: string;
  readonly policy?: string;
  readonly limits?: string;
  readonly shadow?: readonly string[];
  readonly periodMs?: number;
  readonly listen?: string;
  readonly tokenFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly insecure?: boolean;
  readonly allowHost?: readonly string[];
  readonly onExit?: string;
  readonly dryRun?: boolean;
  /** The file that ticks are recorded in. */
  readonly record?: string;
  readonly logLevel?: string;
}
