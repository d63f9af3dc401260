/** `make`, whose last result is given again while every part that it is made of is the same (Object.is). */
export function remembered<Parts extends readonly unknown[], Made>(
  make: (...parts: Parts) => Made,
): (...parts: Parts) => Made {
  let last: { readonly parts: Parts; readonly made: Made } | null = null;
  return (...parts) => {
    const before = last;
    const isSame =
      before !== null &&
      before.parts.length === parts.length &&
      parts.every((part, index) => Object.is(part, before.parts[index]));
    if (before !== null && isSame) return before.made;
    const made = make(...parts);
    last = { parts, made };
    return made;
  };
}
