/** Longest that facts are waited for: they are a courtesy. */
const deadlineMs = 3_000;

/**
 * The machine in a few lines for people. Loaded and asked only by `agent --once`: the library starts several processes
 * for its answers, which has no place in sampling. Anything that it cannot tell is left out.
 */
export async function hostFacts(): Promise<readonly string[]> {
  const { default: systeminformation } = await import('systeminformation');
  const wanted = { osInfo: 'distro,release,kernel,arch', cpu: 'brand,cores', system: 'virtual,virtualHost' };
  const deadline = Promise.withResolvers<null>();
  const timer = setTimeout(() => deadline.resolve(null), deadlineMs);
  const facts: Facts | null = await Promise.race([systeminformation.get(wanted), deadline.promise]).catch(() => null);
  clearTimeout(timer);
  return facts === null ? [] : formatFacts(facts);
}

/** What we ask for; the library leaves out or empties what it cannot find. */
export interface Facts {
  readonly osInfo?: {
    readonly distro?: string;
    readonly release?: string;
    readonly kernel?: string;
    readonly arch?: string;
  };
  readonly cpu?: { readonly brand?: string; readonly cores?: number };
  readonly system?: { readonly virtual?: boolean; readonly virtualHost?: string };
}

export function formatFacts({ osInfo, cpu, system }: Facts): readonly string[] {
  const os = words(osInfo?.distro, osInfo?.release);
  const kernel = words(osInfo?.kernel && `kernel ${osInfo.kernel}`, osInfo?.arch);
  const processor = words(cpu?.cores && `${cpu.cores} x`, cpu?.brand);
  const virtual = system?.virtual ? words('virtual machine', system.virtualHost && `(${system.virtualHost})`) : '';
  return [list(os, kernel), list(processor, virtual)].filter((line) => line !== '');
}

function words(...parts: readonly (string | number | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '' && part !== 0).join(' ');
}

function list(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ');
}
