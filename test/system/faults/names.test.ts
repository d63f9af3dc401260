import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { someNetwork } from '../../../testbed/rig/ports.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { isRoot } from '../../support/root.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { serialWhere } from '../../support/test-where.ts';
import { StandingAgents } from './support/standing-agents.ts';

const canMount = isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0;
const servers = 200;
const domain = 'agents.example';

/** A DNS server that never answers, and what was asked of it. */
async function silentDns(address: string) {
  let questions = 0;
  const socket = createSocket('udp4').on('message', () => {
    questions += 1;
  });
  socket.bind(53, address);
  await once(socket, 'listening');
  const close = async () => {
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  };
  return { questions: () => questions, [Symbol.asyncDispose]: close };
}

/** Garbage that V8 has not collected yet, tens of MiB of it, is no growth. */
const collected = ['--expose-gc', '--import=data:text/javascript,setInterval(gc,1000).unref()'];

function residentMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}

serialWhere(canMount, 'a DNS server that is silent, which wants root and mounts of its own')(
  'while DNS is silent, memory stays level; when it is back, weights are right',
  async (t) => {
    await using folder = await temporaryFolder();
    const nameserver = `${someNetwork()}.53`;
    await using dns = await silentDns(nameserver);
    const [resolv, hosts] = [join(folder.path, 'resolv.conf'), join(folder.path, 'hosts')];
    writeFileSync(resolv, `nameserver ${nameserver}\n`);
    writeFileSync(hosts, '127.0.0.1 localhost\n');
    const mounts = `mount --bind ${resolv} /etc/resolv.conf && mount --bind ${hosts} /etc/hosts`;
    const through = ['unshare', '--mount', 'sh', '-c', `${mounts} && exec "$@"`, 'sh'];
    const url = (port: number) => `http://{server}.${domain}:${port}`;
    await using play = await StandingAgents.start({ servers, url, surroundings: { through, node: collected } });
    await until('the DNS server is asked', () => dns.questions() > 0);
    await delay(15_000);
    const beforeMiB = residentMiB(play.controller.pid);
    await delay(30_000);
    const grownMiB = residentMiB(play.controller.pid) - beforeMiB;
    t.log(`grown by ${Math.round(grownMiB)} MiB in 30 s, ${dns.questions()} questions`);
    t.true(grownMiB < 15, `${grownMiB} MiB`);

    const lines = Array.from({ length: servers }, (_, index) => `127.0.0.1 s${index + 1}.${domain}`);
    writeFileSync(hosts, ['127.0.0.1 localhost', ...lines, ''].join('\n'));
    const backMs = performance.now();
    await play.areRight();
    const tookMs = performance.now() - backMs;
    t.log(`right ${Math.round(tookMs)} ms after DNS was back`);
    t.true(tookMs < 4_500, `${tookMs} ms`);
    await play.isRestoredAtSigterm(t);
  },
);
