/** A file of the report, and its text in the document. */
export interface Figure {
  /** Without its ending. */
  readonly name: string;
  /** Alternative text. */
  readonly alt: string;
  readonly svg: string;
}

/** With its alternative text inside as well, for readers who open the file by itself. */
export function withTitle(figure: Figure): Figure {
  const text = figure.alt.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return { ...figure, svg: figure.svg.replace(/^<svg[^>]*>/, (tag) => `${tag}\n<title>${text}</title>`) };
}

/** `place`: what stands before the figure's name, such as `figures/`, or nothing. */
export function imageOf({ name, alt }: Figure, place: string): string {
  return `![${alt}](${place}${name}.svg)`;
}
