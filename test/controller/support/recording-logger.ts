import { Writable } from 'node:stream';
import { createLogger, transports } from 'winston';

interface Line {
  readonly level: string;
  readonly message: string;
  readonly code?: string;
  readonly backend?: string;
  readonly detail?: string;
  readonly servers?: readonly string[];
}

/** A logger that keeps what is logged. */
export function recordingLogger() {
  const lines: Line[] = [];
  const stream = new Writable({
    write: (chunk, _, done) => {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return { lines, logger: createLogger({ transports: [new transports.Stream({ stream })] }) };
}
