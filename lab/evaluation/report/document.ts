import { ProblemError } from '../../../shared/contract/problem.ts';
import type { Parts } from './parts.ts';

/** Markdown by the name of its file. */
export type Documents = ReadonlyMap<string, string>;

const end = '<!-- end -->';
/** Splits a document so that every second piece is a marker; the piece after it begins with the generated text. */
const anyMarker = /^(<!-- generated: [^\n]* -->)$/m;

/**
 * The documents with everything between `<!-- generated: NAME -->` and `<!-- end -->` replaced by the part of that name. All
 * other text stays, and so do parts of other names, which come from another run. Errors: a Problem for a marker
 * that is missing, duplicate or without an end.
 */
export function updateDocuments(documents: Documents, parts: Parts): Documents {
  const files = [...documents.keys()].join(', ');
  const markers = [...documents.values()].flatMap((text) =>
    text.split(anyMarker).filter((_, index) => index % 2 === 1),
  );
  for (const name of parts.keys()) {
    const count = markers.filter((marker) => marker === markerOf(name)).length;
    if (count !== 1) throw flaw(files, count === 0 ? 'a marker is missing' : 'a marker is there twice', markerOf(name));
  }
  const byMarker = new Map([...parts].map(([name, text]) => [markerOf(name), text]));
  return new Map([...documents].map(([file, text]) => [file, update(text, byMarker, file)]));
}

function update(text: string, byMarker: ReadonlyMap<string, string>, file: string): string {
  const pieces = text.split(anyMarker);
  return pieces
    .map((piece, index) => {
      const marker = pieces[index - 1];
      const part = marker === undefined ? undefined : byMarker.get(marker);
      if (marker === undefined || part === undefined) return piece;
      const at = piece.indexOf(`\n${end}`);
      if (at === -1) throw flaw(file, `no ${end} follows a marker`, marker);
      return `\n\n${part}\n${piece.slice(at)}`;
    })
    .join('');
}

function markerOf(name: string): string {
  return `<!-- generated: ${name} -->`;
}

function flaw(where: string, what: string, got: string): ProblemError {
  return new ProblemError({ code: 'usage', where, what, got, fix: 'Compare with docs/evaluation-tables.md.' });
}
