import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { http } from '../process/footprint.ts';
import { type Answer, plain } from './answer.ts';
import { limits } from './limits.ts';
import { RequestFeed } from './request-feed.ts';
import { lastAnswer, respond, type Site } from './respond.ts';
import { send } from './send-answer.ts';
import type { Turns } from './turns.ts';
import { UnreadAnswers } from './unread-answers.ts';
import type { Visitor } from './visitor.ts';
import type { Visitors } from './visitors.ts';

export interface HttpSite extends Site {
  readonly onError: (error: unknown) => void;
  /** Host names that are answered; null: all. */
  readonly names: ReadonlySet<string> | null;
  /** Whether clients must show a token or a certificate. */
  readonly asksForProof: boolean;
}

/**
 * Node's HTTP server, on connections that are handed to it. Each of its events has a handler: without, it answers some requests
 * itself, and no limit sees them.
 */
export class HttpFront {
  readonly #site: HttpSite;
  readonly #visitors: Visitors;
  readonly #turns: Turns;
  readonly #unread = new UnreadAnswers(limits.unreadBytes);
  readonly #server: Server;

  constructor(site: HttpSite, visitors: Visitors, turns: Turns) {
    this.#site = site;
    this.#visitors = visitors;
    this.#turns = turns;
    this.#server = http().createServer({
      maxHeaderSize: limits.headerBytes,
      insecureHTTPParser: false,
      // respond() looks at it; Node.js would answer without an event
      requireHostHeader: false,
      // only told to clients: visitors.ts ends pauses and slow requests
      keepAliveTimeout: limits.keepAliveMs.known,
      requestTimeout: 0,
      headersTimeout: 0,
      // answered as if it had not been asked for
      shouldUpgradeCallback: () => false,
    });
    for (const event of ['request', 'checkContinue', 'checkExpectation'] as const) {
      this.#server.on(event, (request, response) => this.#handle(request, response));
    }
    for (const event of ['connect', 'upgrade', 'dropRequest'] as const) {
      this.#server.on(event, (_, socket) => this.#refuse(socket, '405 Method Not Allowed', 'only GET'));
    }
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code !== 'HPE_HEADER_OVERFLOW')
        this.#refuse(socket, '400 Bad Request', 'this is no request that HTTP allows');
      else
        this.#refuse(socket, '431 Request Header Fields Too Large', `at most ${limits.headerBytes} bytes of headers`);
    });
    this.#server.on('timeout', (socket) => socket.destroy());
    this.#server.on('error', site.onError);
  }

  /** `socket` is the visitor's connection, or the TLS on it. */
  serve(socket: Socket, visitor: Visitor): void {
    const feed = new RequestFeed(socket, visitor, this.#turns, () => this.#keepAliveMs(visitor));
    visitor.onLate = () => {
      if (feed.isPausing) {
        feed.destroy();
        return;
      }
      this.#visitors.countExcess('slow', visitor);
      if (feed.isReadingRequest) feed.refuse('408 Request Timeout', 'the request did not come in time');
      else visitor.drop();
    };
    this.#server.emit('connection', feed);
    feed.start();
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const feed: unknown = request.socket;
    if (!(feed instanceof RequestFeed) || !feed.begin()) return;
    response.once('finish', () => feed.answered());
    const { visitor } = feed;
    const answer = (what: Answer) => {
      const keepAliveMs = this.#keepAliveMs(visitor);
      if (keepAliveMs !== limits.keepAliveMs.known) response.setHeader('keep-alive', `timeout=${keepAliveMs / 1_000}`);
      send(request, response, what, this.#unread, () => {
        this.#visitors.countExcess('unread', visitor);
        visitor.drop();
      });
    };
    const waitSeconds = this.#visitors.countRequest(visitor);
    if (waitSeconds !== null) {
      answer(tooMany(waitSeconds));
      return;
    }
    respond(request, this.#site, this.#site.names, () => this.#visitors.recognise(visitor)).then(
      answer,
      (error: unknown) => {
        this.#site.onError(error);
        answer(plain('internal error', 500));
      },
    );
  }

  #keepAliveMs(visitor: Visitor): number {
    const { known, unknown } = limits.keepAliveMs;
    return visitor.known || !this.#site.asksForProof ? known : unknown;
  }

  #refuse(feed: Duplex, status: string, line: string): void {
    if (!(feed instanceof RequestFeed)) return;
    this.#visitors.countExcess('bad-request', feed.visitor);
    if (this.#visitors.countRequest(feed.visitor) === null) feed.refuse(status, line);
    else feed.destroy();
  }
}

function tooMany(waitSeconds: number): Answer {
  const most = `at most ${limits.requests.perSecond} requests a second`;
  return { ...plain(most, 429), headers: { 'retry-after': String(waitSeconds), ...lastAnswer } };
}
