/** What is looked at of a schema: an object has a shape, a list an element, a union options, and a wrapper what is in it. */
interface Parts {
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly element?: unknown;
  readonly def?: {
    readonly type?: string;
    readonly innerType?: unknown;
    readonly options?: readonly unknown[];
    readonly valueType?: unknown;
  };
}

/** The keys that a schema has at this path; none where it takes any, or has no such path. */
export function keysAt(schema: unknown, path: readonly string[]): readonly string[] {
  const [step, ...rest] = path;
  return [
    ...new Set(
      objectsOf(schema).flatMap(({ shape, element, def }) => {
        if (step === undefined) return Object.keys(shape ?? {});
        const inner = element ?? (shape === undefined ? def?.valueType : shape[step]);
        return inner === undefined ? [] : keysAt(inner, rest);
      }),
    ),
  ];
}

/** Where else the schema has a key of this name, as a dotted path; null where it has none. Lists and unions do not count. */
export function placeOf(key: string, schema: unknown, prefix = ''): string | null {
  for (const { shape = {} } of objectsOf(schema)) {
    for (const [name, inner] of Object.entries(shape)) {
      if (name === key) return `${prefix}${name}`;
      const found = placeOf(key, inner, `${prefix}${name}.`);
      if (found !== null) return found;
    }
  }
  return null;
}

/** The schema without what is wrapped around it; of a union each member. */
function objectsOf(schema: unknown): readonly Parts[] {
  const parts = schema as Parts;
  if (parts.def?.innerType !== undefined) return objectsOf(parts.def.innerType);
  return parts.def?.options === undefined ? [parts] : parts.def.options.flatMap(objectsOf);
}
