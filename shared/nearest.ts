/** The candidate that a mistyped word was probably meant to be; null where none is close. Case does not count. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const typed = word.toLowerCase().slice(0, maxLength);
  // up to a third of the letters, so that short words do not match anything
  let least = Math.max(1, Math.floor(typed.length / 3)) + 1;
  let found: string | null = null;
  for (const candidate of candidates) {
    const distance = distanceBetween(typed, candidate.toLowerCase().slice(0, maxLength));
    if (distance >= least) continue;
    least = distance;
    found = candidate;
  }
  return found;
}

/** Longer words are not names; the time is the square of the length. */
const maxLength = 60;

/** Letters added, left out, changed, or swapped with the next (Damerau-Levenshtein, optimal string alignment). */
function distanceBetween(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const changed = (last[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      const least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, changed);
      const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      row.push(isSwapped ? Math.min(least, (beforeLast[j - 2] ?? 0) + 1) : least);
    }
    beforeLast = last;
    last = row;
  }
  return last[other.length] ?? 0;
}
