import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { jobOf } from '../../../shared/process/job.ts';
import { programs } from '../../../testbed/rig/programs.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { commandLine, processesMarked } from '../../support/marked-processes.ts';
import { type Folder, temporaryFolder } from '../../support/temporary-folder.ts';
import { Terminal } from '../../support/terminal.ts';
import { serialWhere } from '../../support/test-where.ts';

const hasScript = spawnSync('script', ['--version']).status === 0;
const inTerminal = serialWhere(hasScript, 'applications in a terminal, which want the program script');
const keys = { ctrlC: '\x03', ctrlBackslash: '\x1c' } as const;

const application = `
  const { appendFileSync } = require('node:fs');
  const note = (text) => appendFileSync('log', text + '\\n');
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTERM', 'SIGUSR2', 'SIGWINCH', 'SIGCONT']) {
    process.on(signal, () => note(signal));
  }
  setInterval(() => undefined, 60_000);
  note('ready');
`;

/** An agent in a terminal, with an application that notes its signals. */
class Run implements AsyncDisposable {
  readonly #folder: Folder;
  readonly #terminal: Terminal;

  /** `redirect`: of the agent's standard streams, as sh has it. `before`: stands before the agent. `through`: what becomes the application. */
  static async start({ redirect = '', before = '', through = '' } = {}): Promise<Run> {
    const run = new Run(await temporaryFolder(), redirect, before, through);
    await until(
      () => `the application: ${run.#terminal.screen}`,
      async () => (await run.log()).includes('ready'),
    );
    return run;
  }

  private constructor(folder: Folder, redirect: string, before: string, through: string) {
    this.#folder = folder;
    const agent = `${process.execPath} ${programs.haweight} agent --listen 127.0.0.1:0 --scope process`;
    // sh, which leads the session, is in the same group
    const command = `cd ${folder.path}; trap : INT QUIT; ${before} ${agent} -- ${through} ${process.execPath} -e "$APPLICATION" ${redirect}`;
    this.#terminal = new Terminal(command, { APPLICATION: application, MARK: folder.path });
  }

  get agent(): number {
    return this.#find(new RegExp(`^${process.execPath} .* agent --listen `));
  }

  get application(): number {
    return this.#find(new RegExp(`^${process.execPath} -e `));
  }

  type(text: string): void {
    this.#terminal.type(text);
  }

  closeTerminal(): void {
    this.#terminal.close();
  }

  async log(): Promise<readonly string[]> {
    const text = await readFile(join(this.#folder.path, 'log'), 'utf8').catch(() => '');
    return text.split('\n').slice(0, -1);
  }

  /** What the application gets when this is done. A further signal, which is passed on last, tells that all have come. */
  async signalsAfter(what: string, act: () => void): Promise<readonly string[]> {
    const { length } = await this.log();
    act();
    await until(`${what}: a signal`, async () => (await this.log()).length > length);
    process.kill(this.agent, 'SIGUSR2');
    await until(`${what}: the last signal`, async () => (await this.log()).at(-1) === 'SIGUSR2');
    return (await this.log()).slice(length, -1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.#all()) process.kill(pid, 'SIGKILL');
    await this.#terminal[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }

  #find(line: RegExp): number {
    const pid = this.#all().find((each) => line.test(commandLine(each)));
    if (pid === undefined) throw new Error(`no process ${line}`);
    return pid;
  }

  #all(): readonly number[] {
    return processesMarked(`MARK=${this.#folder.path}`);
  }
}

/** Each of the ways in which a signal comes must give the application exactly one. */
async function getsEachOnce(t: ExecutionContext, run: Run): Promise<void> {
  const { agent } = run;
  const group = jobOf(agent)?.group ?? 0;
  for (const [what, expected, act] of [
    ['Ctrl-C', 'SIGINT', () => run.type(keys.ctrlC)],
    ['kill -INT', 'SIGINT', () => process.kill(agent, 'SIGINT')],
    ['Ctrl-\\', 'SIGQUIT', () => run.type(keys.ctrlBackslash)],
    ['kill -QUIT', 'SIGQUIT', () => process.kill(agent, 'SIGQUIT')],
    ['Ctrl-C again', 'SIGINT', () => run.type(keys.ctrlC)],
    ['kill -HUP', 'SIGHUP', () => process.kill(agent, 'SIGHUP')],
    ['kill -TERM', 'SIGTERM', () => process.kill(agent, 'SIGTERM')],
    ['a shell that continues the job', 'SIGCONT', () => process.kill(-group, 'SIGCONT')],
    ['kill -CONT', 'SIGCONT', () => process.kill(agent, 'SIGCONT')],
    ['a window of another size', 'SIGWINCH', () => process.kill(-group, 'SIGWINCH')],
    ['kill -WINCH', 'SIGWINCH', () => process.kill(agent, 'SIGWINCH')],
  ] as const)
    t.deepEqual(await run.signalsAfter(what, act), [expected], what);
}

for (const [streams, redirect] of [
  ['all streams at the terminal', ''],
  ['standard input from /dev/null', '</dev/null'],
  ['no stream at the terminal', '</dev/null >out 2>&1'],
] as const) {
  inTerminal(
    `${streams}: the application gets a signal once, from the terminal and from a kill of the agent`,
    async (t) => {
      await using run = await Run.start({ redirect });
      await getsEachOnce(t, run);
    },
  );
}

inTerminal('standard input from a pipe: the application gets Ctrl-C once', async (t) => {
  await using run = await Run.start({ before: 'sleep 60 |' });
  t.deepEqual(await run.signalsAfter('Ctrl-C', () => run.type(keys.ctrlC)), ['SIGINT']);
});

inTerminal('an application in a session of its own gets Ctrl-C from the agent, once', async (t) => {
  await using run = await Run.start({ through: 'setsid' });
  t.not(jobOf(run.application)?.group, jobOf(run.agent)?.group);
  t.deepEqual(await run.signalsAfter('Ctrl-C', () => run.type(keys.ctrlC)), ['SIGINT']);
  t.deepEqual(await run.signalsAfter('kill -INT', () => process.kill(run.agent, 'SIGINT')), ['SIGINT']);
});

inTerminal('a terminal that is closed gives the application one SIGHUP', async (t) => {
  await using run = await Run.start();
  const signals = await run.signalsAfter('the end of the terminal', () => run.closeTerminal());
  t.deepEqual(
    signals.filter((signal) => signal === 'SIGHUP'),
    ['SIGHUP'],
  );
});
