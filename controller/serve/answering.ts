import { formatProblem } from '../../shared/contract/problem.ts';
import type { Loop } from '../loop/loop.ts';
import {
  type DocumentName,
  type Documents,
  documentNames,
  type Question,
  type Reply,
  type VersionedJson,
} from './messages.ts';

/** What the loop is asked for. */
export type Answerer = Pick<Loop, 'status' | 'traffic' | 'firstProblem'>;

/** The loop's side of the questions. JSON is made only where it is wanted, and once for each content. */
export class Answering {
  readonly #loop: Answerer;
  readonly #last = new Map<DocumentName, { readonly content: object; readonly version: number }>();

  constructor(loop: Answerer) {
    this.#loop = loop;
  }

  answer({ wanted }: Question): Reply {
    const startedMs = performance.now();
    const problem = this.#loop.firstProblem;
    const documents: Partial<Record<DocumentName, VersionedJson>> = {};
    for (const name of documentNames) {
      const newer = wanted[name] === undefined ? null : this.#newerThan(wanted[name], name);
      if (newer !== null) documents[name] = newer;
    }
    const waitingFor = problem === null ? null : formatProblem(problem);
    return { waitingFor, documents: documents satisfies Documents, tookMs: performance.now() - startedMs };
  }

  #newerThan(version: number, name: DocumentName): VersionedJson | null {
    const content = this.#loop[name];
    const before = this.#last.get(name);
    const now = before?.content === content ? before : { content, version: (before?.version ?? 0) + 1 };
    this.#last.set(name, now);
    if (version === now.version) return null;
    return { version: now.version, json: new TextEncoder().encode(`${JSON.stringify(content)}\n`) };
  }
}
