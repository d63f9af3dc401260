import { ProblemError } from '../../../shared/contract/problem.ts';
import type { Parts } from './parts.ts';

const end = '<!-- end -->';

/**
 * The document with what stands between `<!-- generated: NAME -->` and `<!-- end -->` replaced; all else, written by hand,
 * stays, and so do parts of other names: they come from another run. `file`: for messages. Errors: a Problem for a marker that
 * is missing, double or without an end.
 */
export function updateDocument(text: string, parts: Parts, file: string): string {
  const pieces = text.split(/^(<!-- generated: [^\n]* -->)$/m);
  const markers = pieces.filter((_, index) => index % 2 === 1);
  for (const name of parts.keys()) {
    const count = markers.filter((marker) => marker === markerOf(name)).length;
    if (count !== 1) throw flaw(file, count === 0 ? 'a marker is missing' : 'a marker is there twice', markerOf(name));
  }
  return pieces
    .map((piece, index) => {
      const marker = pieces[index - 1];
      if (index === 0 || index % 2 === 1 || marker === undefined) return piece;
      const part = [...parts].find(([name]) => marker === markerOf(name))?.[1];
      if (part === undefined) return piece;
      const at = piece.indexOf(`\n${end}`);
      if (at === -1) throw flaw(file, `no ${end} follows a marker`, marker);
      return `\n\n${part}\n${piece.slice(at)}`;
    })
    .join('');
}

export function markerOf(name: string): string {
  return `<!-- generated: ${name} -->`;
}

function flaw(file: string, what: string, marker: string): ProblemError {
  return new ProblemError({ code: 'usage', where: file, what, got: marker, fix: 'Compare with docs/evaluation.md.' });
}
