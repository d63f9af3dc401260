import { createLogger, format, type Logger, transports } from 'winston';

export type { Logger } from 'winston';

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/** One JSON event a line on standard error: a constant message plus fields. Standard output stays for results. */
export function makeLogger(level: LogLevel, component: string): Logger {
  return createLogger({
    level,
    defaultMeta: { component },
    format: format.combine(format.timestamp(), format.json()),
    transports: [new transports.Console({ stderrLevels: [...logLevels] })],
  });
}
