import { type ChildProcess, spawn } from 'node:child_process';

/** Longest that the witness may take to start or to answer, in ms: far above what it takes. */
const answerMs = 1_000;

/**
 * Notes the signals that it gets, and answers each line that it is sent with the same line. A signal that came before the line
 * is noted before the answer. A `read` that a signal interrupts gives nothing in some shells and goes on in others.
 */
const script = (signals: readonly string[]) => `
${signals.map((signal) => `trap 'echo ${signal}; again=1' ${signal.slice('SIG'.length)}`).join('\n')}
echo ready
while again= line=; read -r line || [ -n "$again" ]; do echo "$line"; done
`;

/**
 * Tells a signal that came to our whole process group from one that came to us alone. A terminal sends Ctrl-C to all processes
 * of the group in its foreground, and a shell sends what its `kill %1` says to all of the job; Node.js does not say who sent
 * a signal, and to whom. So a small shell in our group, the witness, tells whether it got the same one. It ends when we do.
 */
export class GroupSignals implements Disposable {
  readonly #witness: ChildProcess;
  readonly #noted = new Set<string>();
  readonly #answered = new Map<string, () => void>();
  #questions = 0;
  #text = '';

  /** Resolves when it watches, or when it is clear that it cannot: then no signal counts as one to the group. */
  static async watch(signals: readonly NodeJS.Signals[]): Promise<GroupSignals> {
    const group = new GroupSignals(signals);
    await group.#answer('ready');
    return group;
  }

  private constructor(signals: readonly NodeJS.Signals[]) {
    this.#witness = spawn('/bin/sh', ['-c', script(signals), 'haweight-signals'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {},
      cwd: '/',
    });
    const { stdin, stdout } = this.#witness;
    stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    for (const stream of [stdin, stdout]) stream?.on('error', () => undefined);
    this.#witness.on('error', () => this.#end());
    this.#witness.once('exit', () => this.#end());
  }

  /** Its process id; undefined where it could not be started. */
  get pid(): number | undefined {
    return this.#witness.pid;
  }

  /** Whether this signal, which we just got, came to our group. */
  async came(signal: NodeJS.Signals): Promise<boolean> {
    if (this.#isRunning) {
      this.#questions += 1;
      const question = String(this.#questions);
      this.#witness.stdin?.write(`${question}\n`);
      await this.#answer(question);
    }
    return this.#noted.delete(signal);
  }

  [Symbol.dispose](): void {
    this.#witness.kill('SIGKILL');
    this.#end();
  }

  get #isRunning(): boolean {
    const { pid, exitCode, signalCode } = this.#witness;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  #answer(line: string): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, answerMs);
      this.#answered.set(line, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #take(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('SIG')) this.#noted.add(line);
      this.#answered.get(line)?.();
      this.#answered.delete(line);
    }
  }

  #end(): void {
    for (const resolve of this.#answered.values()) resolve();
    this.#answered.clear();
  }
}
