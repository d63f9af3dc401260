import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { StandingAgents } from './support/standing-agents.ts';

for (const hanging of [9, 39, 199]) {
  test.serial(`agents of ${hanging} backends that hang delay neither another backend nor the restore`, async (t) => {
    await using play = await StandingAgents.start({ servers: 3, hanging });
    await until('they are asked', () => play.hole.sockets.size > 0);
    await play.areRight();
    await play.isRightWithin(t);
    await play.isRestoredAtSigterm(t);
  });
}

test.serial('more agents than descriptors: weights go on, that is told once, and all are restored', async (t) => {
  const surroundings = { through: ['prlimit', '--nofile=64:64'] };
  await using play = await StandingAgents.start({ servers: 200, surroundings });
  await play.areRight();
  await play.isRightWithin(t);
  t.is(play.controller.events('connections to agents are not kept').length, 1);
  t.is(play.controller.events('waiting for haproxy').length, 0);
  await play.isRestoredAtSigterm(t);
});
