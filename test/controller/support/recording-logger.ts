import { Writable } from 'node:stream';
import { createLogger, transports } from 'winston';

/** A logger that keeps what is logged. */
export function recordingLogger() {
  const lines: { level: string; message: string; code?: string; backend?: string; detail?: string }[] = [];
  const stream = new Writable({
    write: (chunk, _, done) => {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return { lines, logger: createLogger({ transports: [new transports.Stream({ stream })] }) };
}
