import type { Problem } from '../../shared/contract/problem.ts';
import type { HttpServer, HttpServerOptions } from '../../shared/net/http-server.ts';
import type { LogLevel } from '../../shared/process/log.ts';
import type { TlsMaterial } from '../../shared/tls/tls-files.ts';

/*
 * What the control loop's thread and the serving thread tell each other. The serving thread asks and the loop's thread answers,
 * never the other way round: so a tick costs nothing more while nobody looks, and a client's haste ends at the serving thread.
 */

/** What the serving thread is started with: all of it is checked already, but for the address. */
export type ServingSettings = Pick<HttpServerOptions, 'listen' | 'token' | 'insecure' | 'allowHosts' | 'tokenHint'> & {
  readonly tls: TlsMaterial | null;
};

/** Asks for what is true now. */
export interface Question {
  /** Whether the status itself is wanted, or only what the controller waits for. */
  readonly wantsStatus: boolean;
  /** The version of the status that the serving thread has; 0: none. */
  readonly version: number;
}

export interface Reply {
  /** One line; null: all is well. */
  readonly waitingFor: string | null;
  /** null: not asked for, or unchanged. */
  readonly status: VersionedStatus | null;
  /** What this answer has cost the loop's thread, in ms. */
  readonly tookMs: number;
}

/** A status as the JSON that is served. The version is another one for each status. */
export interface VersionedStatus {
  readonly version: number;
  readonly json: Uint8Array<ArrayBuffer>;
}

export type FromServing =
  | ({ readonly kind: 'question' } & Question)
  | ({ readonly kind: 'listening' } & Listening)
  | { readonly kind: 'refused'; readonly problem: Problem }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string; readonly fields: object };

export type Listening = Pick<HttpServer, 'address' | 'url'>;

export type ToServing = ({ readonly kind: 'reply' } & Reply) | { readonly kind: 'renewed'; readonly tls: TlsMaterial };
