/** The first error in the tags, attributes and characters of an XML document; null: none. */
export function flawOfXml(text: string): string | null {
  const open: string[] = [];
  let at = 0;
  let roots = 0;
  for (const match of text.matchAll(/<[^<>]*>/g)) {
    const between = text.slice(at, match.index);
    if (hasBareCharacter(between)) return `text: ${between.slice(0, 80)}`;
    if (open.length === 0 && between.trim() !== '') return `text outside of the root: ${between.slice(0, 80)}`;
    at = match.index + match[0].length;
    const tag = /^<(\/?)([\w:-]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>$/.exec(match[0]);
    if (tag === null || hasBareCharacter(tag[3] ?? '')) return `tag: ${match[0].slice(0, 80)}`;
    const [, closing, name = '', , empty] = tag;
    if (closing === '/') {
      if (open.pop() !== name) return `closes nothing: ${match[0]}`;
    } else {
      if (open.length === 0) roots += 1;
      if (empty !== '/') open.push(name);
    }
  }
  if (text.slice(at).trim() !== '') return 'text after the root';
  if (open.length > 0) return `never closed: ${open.join(', ')}`;
  return roots === 1 ? null : `${roots} roots`;
}

function hasBareCharacter(text: string): boolean {
  return text.includes('>') || /&(?!(?:amp|lt|gt|quot|apos|#\d+);)/.test(text);
}
