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

/** What the loop has for clients: its status, and what HAProxy has counted. */
export const documentNames = ['status', 'traffic'] as const;
export type DocumentName = (typeof documentNames)[number];

/** Asks for what is true now: what the controller waits for, and these documents. */
export interface Question {
  /** By each document that is wanted: the version that the serving thread has; 0: none. */
  readonly wanted: Partial<Readonly<Record<DocumentName, number>>>;
}

export interface Reply {
  /** One line; null: all is well. */
  readonly waitingFor: string | null;
  /** Those that were asked for and have changed. */
  readonly documents: Documents;
  /** What this answer has cost the loop's thread, in ms. */
  readonly tookMs: number;
}

export type Documents = Partial<Readonly<Record<DocumentName, VersionedJson>>>;

/** A document as the JSON that is served. The version is another one for each content. */
export interface VersionedJson {
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
