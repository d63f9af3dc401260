import { createLogger, format, transports } from 'winston';
import type { Log, LogLevel } from './log.ts';
import { LossyOutput } from './lossy-output.ts';

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
    format: format.combine(format.timestamp(), format.json()),
    transports: [new transports.Stream({ stream: new LossyOutput(process.stderr, note), eol: '\n' })],
  });
}
