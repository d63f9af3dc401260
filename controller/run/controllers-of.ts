import type { HaproxyInfo } from '../../haproxy/runtime-api.ts';
import type { Config } from '../config/schema.ts';
import { type Holder, holdersOf } from './lock.ts';
import { identityOf } from './same-haproxy.ts';

type Asked = Pick<Config, 'backends'> & { readonly haproxy: Pick<Config['haproxy'], 'socket'> };

/** The controllers of this machine that set the weights of these backends, by backend, whatever address they were given. */
export async function controllersOf(
  { backends, haproxy: { socket } }: Asked,
  info: HaproxyInfo,
): Promise<ReadonlyMap<string, Holder | 'unknown'>> {
  const identity = identityOf(socket, info);
  const wanted = backends.flatMap(({ name: backend }) => [
    { kind: 'backend', socket, backend } as const,
    { kind: 'process', socket, backend, haproxy: info, identity } as const,
  ]);
  const holders = await holdersOf(wanted);
  const found = new Map<string, Holder | 'unknown'>();
  for (const [index, { backend }] of wanted.entries()) {
    const holder = holders[index] ?? null;
    if (holder !== null) found.set(backend, found.get(backend) ?? holder);
  }
  return found;
}
