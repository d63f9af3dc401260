/** Widths of an SVG's paths and rectangles that are filled with this colour, in the file's order; those of no width left out. */
export function shapeWidths(svg: string, fill: string): number[] {
  return [...svg.matchAll(/<(?:path|rect) [^>]*>/g)]
    .map(([tag]) => tag)
    .filter((tag) => attributeOf(tag, 'fill') === fill)
    .map((tag) => {
      const path = attributeOf(tag, 'd');
      return path === null ? Number(attributeOf(tag, 'width')) : widthOfPath(path);
    })
    .filter((width) => width > 0);
}

function attributeOf(tag: string, name: string): string | null {
  return new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? null;
}

/** Of straight lines only, absolute (`L`) or relative (`l`). Errors: another command. */
function widthOfPath(path: string): number {
  const reached: number[] = [];
  for (const [part, command = '', numbers = ''] of path.matchAll(/([a-z])([^a-z]*)/gi)) {
    if (!/[mlhvz]/i.test(command)) throw new Error(`unknown command of a path: ${part}`);
    const values = (numbers.match(/-?\d*\.?\d+/g) ?? []).map(Number);
    const step = /[hv]/i.test(command) ? 1 : 2;
    const xs = /v/i.test(command) ? [] : values.filter((_, index) => index % step === 0);
    for (const x of xs) reached.push(command === command.toLowerCase() ? (reached.at(-1) ?? 0) + x : x);
  }
  return Math.max(...reached) - Math.min(...reached);
}
