export interface Answer {
  readonly status: number;
  readonly contentType: string;
  /** A large one is a Buffer, which all who ask for it share. */
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Route = () => Answer | Promise<Answer>;

export function json(value: unknown, status = 200): Answer {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  return { status, contentType: 'application/json; charset=utf-8', body };
}

export function plain(body: string, status = 200): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${body}\n` };
}
