/*
 * By hand: Node.js takes a new certificate with setSecureContext, and what is left is to check the files before that; a
 * renewal that is half written or wrong must not replace what works.
 */

import { formatProblem, type Problem, ProblemError } from '../contract/problem.ts';
import { tlsInvalid } from '../contract/problems/tls.ts';
import type { Log } from '../process/log.ts';
import { fingerprint, readTlsFiles, type TlsFiles, type TlsMaterial, tlsWarnings } from './tls-files.ts';

/** How often the files are checked, in ms: three `stat` calls. */
const defaultEveryMs = 10_000;

/**
 * Certificate, key and CA from files that are renewed from time to time. New files are checked first and then handed to
 * their users. Where they are invalid, that is logged once, and the old ones stay in use.
 */
export class RenewedTls implements Disposable {
  readonly #files: TlsFiles;
  readonly #log: Pick<Log, 'info' | 'warn'>;
  readonly #timer: NodeJS.Timeout;
  readonly #users: ((material: TlsMaterial) => void)[] = [];
  #material: TlsMaterial;
  #fingerprint: string;
  #problems = new Map<string, Problem>();
  #unusable: Problem | null = null;

  /** Throws a ProblemError where the files cannot be used now. */
  constructor(files: TlsFiles, log: Pick<Log, 'info' | 'warn'>, everyMs = defaultEveryMs) {
    this.#files = files;
    this.#log = log;
    this.#fingerprint = fingerprint(files);
    this.#material = readTlsFiles(files);
    this.#report();
    this.#timer = setInterval(() => this.look(), everyMs).unref();
  }

  get material(): TlsMaterial {
    return this.#material;
  }

  /** What is worth a warning now. */
  get problems(): readonly Problem[] {
    return [...this.#problems.values()];
  }

  /** Calls back with the new material after each renewal. */
  onRenewed(use: (material: TlsMaterial) => void): void {
    this.#users.push(use);
  }

  /** Takes up files that changed since the last look. */
  look(): void {
    const now = fingerprint(this.#files);
    if (now !== this.#fingerprint) {
      this.#fingerprint = now;
      this.#takeUp();
    }
    this.#report();
  }

  #takeUp(): void {
    try {
      const material = readTlsFiles(this.#files);
      for (const use of this.#users) use(material);
      this.#material = material;
      this.#unusable = null;
      this.#log.info('certificate renewed', { ...this.#files });
    } catch (error) {
      this.#unusable = error instanceof ProblemError ? error.problem : unusable(this.#files, error);
    }
  }

  #report(): void {
    const warnings = tlsWarnings(this.#files, this.#material, Date.now());
    const found = this.#unusable === null ? warnings : [...warnings, this.#unusable];
    const problems = new Map(found.map((problem) => [formatProblem(problem), problem]));
    for (const [detail, { code }] of problems) {
      if (!this.#problems.has(detail)) this.#log.warn('certificate problem', { code, detail });
    }
    for (const [detail, { code }] of this.#problems) {
      if (!problems.has(detail)) this.#log.info('certificate problem: over', { code, detail });
    }
    this.#problems = problems;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

function unusable({ cert, ca }: TlsFiles, error: unknown): Problem {
  const got = String((error as { code?: unknown }).code ?? 'unknown error');
  return tlsInvalid(cert ?? ca ?? 'tls', 'TLS cannot use it', { got });
}
