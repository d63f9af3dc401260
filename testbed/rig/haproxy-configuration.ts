import { type AccessLevel, isValidName } from '../../haproxy/runtime-api.ts';
import { maxWeight } from '../../shared/contract/limits.ts';
import { ProblemError, quote } from '../../shared/contract/problem.ts';

/** A small haproxy.cfg as data, for the demo, the tests and the benchmarks. */
export interface Configuration {
  /** Further lines of section global, such as `nbthread 2`. */
  readonly global?: readonly string[];
  /** Lines of section defaults instead of the usual timeouts. */
  readonly defaults?: readonly string[];
  /** Stats sockets beside the one that `startHaproxy` adds. */
  readonly sockets?: readonly { readonly bind: string; readonly level: AccessLevel }[];
  readonly frontends?: readonly Frontend[];
  readonly backends?: readonly Backend[];
}

export interface Frontend {
  readonly name: string;
  /** `127.0.0.1:8080`, or `unix@NAME` for a socket in HAProxy's own folder, which needs no free port. */
  readonly bind: string;
  /** None, for one that answers by its own `lines`. */
  readonly backend?: string;
  readonly mode?: Mode;
  readonly lines?: readonly string[];
}

export interface Backend {
  readonly name: string;
  /** What follows `balance`; roundrobin unless given. */
  readonly algorithm?: string;
  readonly mode?: Mode;
  /** Further lines of the backend, such as `hash-type consistent`. */
  readonly lines?: readonly string[];
  readonly servers: readonly Server[];
}

export interface Server {
  readonly name: string;
  /** `127.0.0.1:8081` or `unix@NAME`. */
  readonly address: string;
  /** 0 to 256; 100 unless given. */
  readonly weight?: number;
  /** What follows on the server line, such as `check inter 100ms`. */
  readonly options?: string;
}

export type Mode = 'http' | 'tcp';

const defaultWeight = 100;
const defaultTimeouts = ['timeout connect 1s', 'timeout client 10s', 'timeout server 10s'];

/** The text of haproxy.cfg. Throws a ProblemError where a name or line would not stay what it is. */
export function renderConfiguration(configuration: Configuration): string {
  const { global = [], sockets = [], defaults = defaultTimeouts, frontends = [], backends = [] } = configuration;
  return [
    'global',
    ...global.map(indented),
    ...sockets.map(({ bind, level }) => `  stats socket ${oneLine(bind)} level ${level}`),
    'defaults',
    ...defaults.map(indented),
    ...frontends.flatMap(frontendLines),
    ...backends.flatMap(backendLines),
    '',
  ].join('\n');
}

function frontendLines({ name, bind, backend, mode = 'http', lines = [] }: Frontend): readonly string[] {
  return [
    `frontend ${valid(name)}`,
    `  mode ${mode}`,
    `  bind ${oneLine(bind)}`,
    ...(backend === undefined ? [] : [`  default_backend ${valid(backend)}`]),
    ...lines.map(indented),
  ];
}

function backendLines({
  name,
  algorithm = 'roundrobin',
  mode = 'http',
  lines = [],
  servers,
}: Backend): readonly string[] {
  return [
    `backend ${valid(name)}`,
    `  mode ${mode}`,
    `  balance ${oneLine(algorithm)}`,
    ...lines.map(indented),
    ...servers.map((server) => `  ${serverLine(server)}`),
  ];
}

function indented(line: string): string {
  return `  ${oneLine(line)}`;
}

function serverLine({ name, address, weight = defaultWeight, options = '' }: Server): string {
  if (!Number.isInteger(weight) || weight < 0 || weight > maxWeight)
    throw new RangeError(`weight of ${name}: ${weight}`);
  return `server ${valid(name)} ${oneLine(address)} weight ${weight} ${oneLine(options)}`.trimEnd();
}

function valid(name: string): string {
  if (isValidName(name)) return name;
  throw problem('not a name that HAProxy takes', 'characters A-Z a-z 0-9 _ : . -', name);
}

function oneLine(text: string): string {
  if (!/\p{Cc}/u.test(text)) return text;
  throw problem('it would not stay one line', 'no control characters', text);
}

function problem(what: string, expected: string, got: string): ProblemError {
  return new ProblemError({ code: 'config-invalid', where: 'haproxy.cfg', what, expected, got: quote(got) });
}
