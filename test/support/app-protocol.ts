/** Every server has a loopback address of its own, so all have the same ports. */
export const appPort = 9080;

/** What a parent may tell it. */
export type AppMessage =
  | { readonly busy: number }
  | { readonly failing: boolean }
  | { readonly resetting: boolean }
  | { readonly workCpuMs: number };
