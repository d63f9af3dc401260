export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

type Fields = Readonly<Record<string, unknown>>;

/** Where events go: a constant message plus fields. `makeLogger` makes one; its file loads winston, this one nothing. */
export interface Log {
  error(message: string, fields?: Fields): unknown;
  warn(message: string, fields?: Fields): unknown;
  info(message: string, fields?: Fields): unknown;
  debug(message: string, fields?: Fields): unknown;
}

const nothing = () => undefined;

/** For runs that must not log. */
export const silentLog: Log = { error: nothing, warn: nothing, info: nothing, debug: nothing };
