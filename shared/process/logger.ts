import { createLogger, format, transports } from 'winston';
import { printableJson } from '../contract/printable-text.ts';
import type { Log, LogLevel } from './log.ts';
import { LossyOutput } from './lossy-output.ts';

/** Where winston has the finished line. */
const line = Symbol.for('message');

/** People read logs on terminals. */
const escapes = format((event) => {
  event[line] = printableJson(String(event[line]));
  return event;
});

/**
 * One JSON event a line on standard error: a constant message plus fields. Standard output is for results. Logging
 * never waits and never fails: see LossyOutput.
 */
export function makeLogger(level: LogLevel, component: string): Log {
  const note = (lines: number) => {
    const event = { component, level: 'warn', message: 'log lines lost', lines, timestamp: new Date().toISOString() };
    return JSON.stringify(event);
  };
  return createLogger({
    level,
    defaultMeta: { component },
    format: format.combine(format.timestamp(), format.json(), escapes()),
    transports: [new transports.Stream({ stream: new LossyOutput(process.stderr, note), eol: '\n' })],
  });
}
