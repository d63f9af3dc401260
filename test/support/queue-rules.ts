import type { HaproxyControl, StatRow } from '../../haproxy/runtime-api.ts';
import { expectOk } from '../haproxy/setup.ts';

/* What HAProxy does with limits, played on a real one and on the simulated one: both must do the same. */

export interface QueueOptions {
  readonly servers: number;
  readonly balance?: 'roundrobin' | 'leastconn' | 'random';
  readonly maxconn?: number;
  readonly minconn?: number;
  readonly fullconn?: number;
}

/** A HAProxy whose servers hold every request until it is finished by the test. */
export interface QueueWorld {
  readonly api: Pick<HaproxyControl, 'stats' | 'setWeights' | 'setLimits'>;
  readonly backend: string;
  /** Sends so many requests one after the other, which get the next numbers from 0 on. */
  send(count: number): Promise<void> | void;
  /** Has the server answer this request, and waits until HAProxy is done with it. */
  finish(request: number): Promise<void> | void;
  /** Where a request is, by index of the server; null: it has not come to one. */
  serverOf(request: number): number | null;
}

/** Requests at each server, and in the backend's queue. */
export interface Seen {
  readonly served: readonly number[];
  readonly queued: number;
}

export async function seen({ api, backend }: QueueWorld): Promise<Seen> {
  const rows = expectOk(await api.stats(backend));
  const served = rows.filter(({ kind }) => kind === 'server').map(({ currentSessions }) => currentSessions ?? -1);
  return { served, queued: rows.find(({ kind }) => kind === 'backend')?.queued ?? -1 };
}

export interface QueueRule {
  readonly title: string;
  readonly options: QueueOptions;
  /** Steps, each with what is seen after it. */
  readonly play: (step: Steps) => Promise<void>;
}

export interface Steps {
  readonly world: QueueWorld;
  /** Throws where something else is seen. */
  see(expected: Seen, why?: string): Promise<void>;
  same(actual: unknown, expected: unknown, why?: string): void;
  limit(server: string, limit: number): Promise<void>;
  weight(server: string, weight: number): Promise<void>;
  row(name: string): Promise<StatRow | undefined>;
}

const bounded = { servers: 1, minconn: 1, maxconn: 500, fullconn: 1_000 };

export const queueRules: readonly QueueRule[] = [
  {
    title: 'with every server at its maxconn requests wait, and the oldest goes to the server that gets a slot free',
    options: { servers: 2, maxconn: 2 },
    play: async ({ world, see, same, row }) => {
      await world.send(7);
      await see({ served: [2, 2], queued: 3 });
      const [server, backend] = [await row('s1'), await row('BACKEND')];
      same([server?.limit, server?.queued, server?.totalSessions], [2, 0, 2]);
      same(backend?.currentSessions, 7, 'waiting ones count');
      await world.finish(1);
      await see({ served: [2, 2], queued: 2 });
      same(world.serverOf(4), 1, 'where the slot was, whatever roundrobin has next');
      same(world.serverOf(5), null);
    },
  },
  ...(['roundrobin', 'leastconn'] as const).map(
    (balance): QueueRule => ({
      title: `${balance} passes over a server at its limit`,
      options: { servers: 2, maxconn: 9, balance },
      play: async ({ world, see, limit }) => {
        await limit('s1', 1);
        await world.send(6);
        await see({ served: [1, 5], queued: 0 });
      },
    }),
  ),
  {
    title: 'under random a request waits where the better of its two draws is full, though another server has room',
    options: { servers: 2, maxconn: 500, balance: 'random' },
    play: async ({ world, same, limit, weight }) => {
      await weight('s2', 1);
      await limit('s1', 1);
      await world.send(20);
      const { served, queued } = await seen(world);
      same(served[0], 1);
      same(queued > 0, true, `${served}, ${queued} wait`);
    },
  },
  {
    title: 'a limit with minconn is the part of maxconn that is in use of fullconn, waiting requests included',
    options: bounded,
    play: async ({ world, see }) => {
      await world.send(4);
      await see({ served: [1], queued: 3 }, 'the limit is 2 by now, but a queue is only looked at when a request ends');
      await world.finish(0);
      await see({ served: [2], queued: 1 }, 'the one that ends still counts');
      await world.finish(1);
      await see({ served: [1], queued: 1 }, 'half of 3 is 1');
    },
  },
  {
    title: 'raising a limit lets waiting requests go at once',
    options: { servers: 1, maxconn: 1 },
    play: async ({ world, see, limit }) => {
      await world.send(5);
      await limit('s1', 3);
      await see({ served: [3], queued: 2 });
      await limit('s1', 0);
      await see({ served: [5], queued: 0 });
    },
  },
  {
    title: 'lowering a limit takes nothing back',
    options: { servers: 1, maxconn: 3 },
    play: async ({ world, see, limit }) => {
      await world.send(5);
      await limit('s1', 1);
      await see({ served: [3], queued: 2 });
      await world.finish(0);
      await world.finish(1);
      await see({ served: [1], queued: 2 });
      await world.finish(2);
      await see({ served: [1], queued: 1 });
    },
  },
  {
    title: 'a maxconn set to the minconn makes the limit static for good',
    options: bounded,
    play: async ({ world, see, limit }) => {
      await limit('s1', 1);
      await limit('s1', 3);
      await world.send(5);
      await see({ served: [3], queued: 2 });
    },
  },
  {
    title: 'a server at weight 0 takes nobody who waits, and neither does it when the weight is back',
    options: { servers: 1, maxconn: 1 },
    play: async ({ world, see, weight }) => {
      await world.send(3);
      await weight('s1', 0);
      await world.finish(0);
      await see({ served: [0], queued: 2 });
      await weight('s1', 100);
      await see({ served: [0], queued: 2 });
    },
  },
];

export function stepsOf(world: QueueWorld, same: Steps['same']): Steps {
  const { api, backend } = world;
  return {
    world,
    same,
    see: async (expected, why) => same(await seen(world), expected, why),
    limit: async (server, limit) => void expectOk(await api.setLimits(backend, [{ server, limit }])),
    weight: async (server, weight) => void expectOk(await api.setWeights(backend, [{ server, weight }])),
    row: async (name) => expectOk(await api.stats(backend)).find((each) => each.name === name),
  };
}
