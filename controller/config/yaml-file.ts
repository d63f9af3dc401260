import { isScalar, parseDocument, visit, type YAMLError, YAMLParseError } from 'yaml';
import { ProblemError } from '../../shared/contract/problem.ts';
import { configUnreadable } from '../../shared/contract/problems/settings.ts';
import { readSmallFile } from '../../shared/process/small-file.ts';

const maxFileBytes = 1024 * 1024;
/** Aliases may stand for many times the size of the file; beyond this it is refused. */
const maxAliasCount = 100;

export type Tree = Readonly<Record<string, unknown>>;

/**
 * The keys and values of a YAML or JSON file; none for an empty one. Throws a ProblemError that names the file. The time that it
 * takes grows with the size of the file only, whatever is in it.
 */
export function readYamlFile(path: string): Tree {
  const text = readLimited(path);
  const document = parse(path, text);
  const fault = document.errors[0] ?? repeatedKey(document);
  if (fault !== undefined)
    throw unreadable(path, 'is not valid YAML', 'YAML 1.2', `${firstLine(fault)} ${place(text, fault)}`);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount });
  } catch (cause) {
    throw unreadable(path, 'is not valid YAML', 'YAML with few and known aliases', firstLine(cause));
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    const got = Array.isArray(value) ? 'a list' : `a single ${typeof value}`;
    throw unreadable(path, 'is not a configuration', 'keys and values', got);
  }
  return value as Tree;
}

/** Leaves out the library's own check for repeated keys and its places of errors: their time is the square of the length. */
function parse(path: string, text: string) {
  try {
    return parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'silent' });
  } catch (cause) {
    throw unreadable(path, 'is not valid YAML', 'YAML 1.2 that is not nested thousands deep', firstLine(cause));
  }
}

function repeatedKey(document: ReturnType<typeof parse>): YAMLError | undefined {
  let found: YAMLError | undefined;
  visit(document, {
    Map: (_, { items }) => {
      const keys = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (keys.has(key.value)) {
          const [start = 0, end = 0] = key.range ?? [];
          found = new YAMLParseError([start, end], 'DUPLICATE_KEY', 'Map keys must be unique');
          return visit.BREAK;
        }
        keys.add(key.value);
      }
      return undefined;
    },
  });
  return found;
}

function place(text: string, { pos: [start] }: YAMLError): string {
  const before = text.slice(0, start).split('\n');
  return `at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

/** Also from devices and pipes, whose size is unknown. */
function readLimited(path: string): string {
  try {
    return readSmallFile(path, { maxBytes: maxFileBytes, maxText: '1 MiB' });
  } catch (cause) {
    throw unreadable(path, 'cannot be read', 'a YAML file', (cause as NodeJS.ErrnoException).code ?? String(cause));
  }
}

function firstLine(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0] ?? '';
}

function unreadable(where: string, what: string, expected: string, got: string): ProblemError {
  return new ProblemError(configUnreadable(where, what, expected, got));
}
