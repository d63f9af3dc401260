import { spawnSync } from 'node:child_process';
import { Haweight } from '../../support/process.ts';
import { testWhere } from '../../support/test-where.ts';

/** A pid namespace, whose first process the agent is. */
const through = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--mount-proc'];
const canUnshare = spawnSync(through[0] ?? '', [...through.slice(1), 'true']).status === 0;

/** Leaves ten children to process 1, which end soon, and looks until nothing of them is left, for 20 s at most. */
const application = `
  const { execFileSync } = require('node:child_process');
  const { readdirSync, readFileSync } = require('node:fs');
  const statOf = (pid) => { try { return readFileSync('/proc/' + pid + '/stat', 'utf8'); } catch { return ''; } };
  for (let count = 0; count < 10; count += 1) execFileSync('sh', ['-c', 'sleep 0.2 >/dev/null 2>&1 &']);
  const orphans = () => readdirSync('/proc').map(statOf).filter((stat) => /^\\d+ \\(sleep\\)/.test(stat));
  console.log(orphans().length > 0 ? 'some' : 'none');
  let looks = 0;
  setInterval(() => {
    const left = orphans();
    looks += 1;
    if (left.length > 0 && looks < 200) return;
    console.log(left.join('') + 'end');
    process.exit(7);
  }, 100);
`;

testWhere(canUnshare, 'an agent as process 1, which wants user and process namespaces')(
  'as process 1 of a container, the agent leaves no zombies and keeps the exit code',
  async (t) => {
    const flags = ['--listen', '127.0.0.1:0', '--scope', 'process'];
    await using agent = new Haweight(['agent', ...flags, '--', process.execPath, '-e', application], {}, { through });
    const { code, stdout, stderr } = await agent.finished;
    t.is(stdout, 'some\nend\n', stderr);
    t.is(code, 7);
  },
);
