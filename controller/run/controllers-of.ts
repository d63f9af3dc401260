import type { HaproxyControl } from '../../haproxy/runtime-api.ts';
import type { Config } from '../config/schema.ts';
import { type Holder, holdersOf } from './lock.ts';
import { identityOf } from './same-haproxy.ts';

type Asked = Pick<Config, 'backends'> & { readonly haproxy: Pick<Config['haproxy'], 'socket'> };

/** The controllers of this machine that set the weights of these backends, by backend, whatever address they were given. */
export async function controllersOf(
  { backends, haproxy: { socket } }: Asked,
  api: Pick<HaproxyControl, 'info'>,
): Promise<ReadonlyMap<string, Holder | 'unknown'>> {
  const info = await api.info();
  const process = info.ok ? { haproxy: info.value, identity: identityOf(socket, info.value) } : null;
  const wanted = backends.flatMap(({ name: backend }) => [
    { kind: 'backend', socket, backend } as const,
    ...(process === null ? [] : [{ kind: 'process', socket, backend, ...process } as const]),
  ]);
  const holders = await holdersOf(wanted);
  const found = new Map<string, Holder | 'unknown'>();
  for (const [index, { backend }] of wanted.entries()) {
    const holder = holders[index] ?? null;
    if (holder !== null) found.set(backend, found.get(backend) ?? holder);
  }
  return found;
}
