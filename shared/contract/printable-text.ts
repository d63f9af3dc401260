/**
 * What a terminal obeys, or what makes text look like other text: control and format characters (of both directions, of no
 * width, joiners), separators of lines and paragraphs, and halves of characters.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** The same, but for what a finished text may have: line feeds, and colours (as styleText makes them). */
const unprintableInOutput = /\n|\p{Cc}\[[\d;]*m|[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text from elsewhere, made safe to print: each such character is shown as `?`. */
export function printableText(text: string): string {
  return text.replaceAll(unprintable, '?');
}

/** Finished lines, perhaps with colours: the last check before they are written. */
export function printableOutput(text: string): string {
  return text.replaceAll(unprintableInOutput, (found) => (found === '\n' || found.startsWith('\u001b[') ? found : '?'));
}

/** The same JSON, with escapes for such characters: JSON.stringify leaves most of them. */
export function printableJson(json: string): string {
  return json.replaceAll(unprintable, (found) => (found === '\n' ? found : escaped(found)));
}

function escaped(text: string): string {
  return Array.from({ length: text.length }, (_, index) => {
    return `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }).join('');
}
