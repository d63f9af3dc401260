interface Parts {
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly element?: unknown;
  readonly def?: { readonly innerType?: unknown; readonly type?: string; readonly options?: readonly unknown[] };
}

/** Every key of a schema as a dotted path, entries of lists as `backends[].`; of a union the keys of all its members. */
export function keysOf(schema: unknown, prefix = ''): string[] {
  const { shape, element, def } = schema as Parts;
  if (shape !== undefined) {
    return Object.entries(shape).flatMap(([key, value]) => {
      const inner = keysOf(value, `${prefix}${key}.`);
      return inner.length > 0 ? inner : [`${prefix}${key}`];
    });
  }
  if (element !== undefined) return keysOf(element, prefix.replace(/\.$/, '[].'));
  if (def?.type === 'union') return [...new Set((def.options ?? []).flatMap((option) => keysOf(option, prefix)))];
  return def?.innerType === undefined ? [] : keysOf(def.innerType, prefix);
}
