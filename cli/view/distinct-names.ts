import { clip } from '../../shared/terminal/text.ts';

/**
 * Names of at most `width` characters, in which those that differ stay different where possible: of names with the same
 * beginning the end is kept too.
 */
export function distinctNames(names: readonly string[], width: number): readonly string[] {
  const safe = names.map((name) => clip(name, name.length));
  const cut = safe.map((name) => clip(name, width));
  return safe.map((name, index) => {
    const text = cut[index] ?? '';
    const isTaken = cut.some((other, at) => other === text && at !== index);
    if (!isTaken || name.length <= width) return text;
    const alike = safe.filter((_, at) => cut[at] === text);
    const end = endThatDiffers(alike, safe, width);
    return end === null ? numbered(text, alike.indexOf(name) + 1, width) : withEnd(name, end, width);
  });
}

/** The shortest end, in characters, by which all of them differ, from each other and from all other names. */
function endThatDiffers(alike: readonly string[], all: readonly string[], width: number): number | null {
  for (let end = 1; end <= width - 2; end += 1) {
    const texts = alike.map((name) => withEnd(name, end, width));
    const isDistinct = new Set(texts).size === texts.length && !texts.some((text) => all.includes(text));
    if (isDistinct) return end;
  }
  return null;
}

function withEnd(name: string, end: number, width: number): string {
  return name.length <= width ? name : `${name.slice(0, width - 1 - end)}…${name.slice(-end)}`;
}

function numbered(text: string, number: number, width: number): string {
  const mark = `#${number}`;
  return `${text.slice(0, width - mark.length)}${mark}`;
}
