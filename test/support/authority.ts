import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Identity {
  readonly cert: string;
  readonly key: string;
}

const elliptic = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A certificate authority of the test's own, in a folder that goes with it. */
export class Authority implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'haweight-test-'));
  readonly ca = join(this.folder, 'ca.pem');
  readonly #key = join(this.folder, 'ca.key');

  constructor(name = 'a test') {
    const files = ['-keyout', this.#key, '-out', this.ca];
    openssl('req', '-x509', ...elliptic, '-days', '10', '-subj', `/CN=CA of ${name}`, ...files);
  }

  /** A certificate for these names, such as `DNS:web1,IP:127.0.0.1`. Negative days: it has expired. */
  issue(file: string, names: string, days = 10): Identity {
    const [key, csr, cert] = ['key', 'csr', 'pem'].map((kind) => join(this.folder, `${file}.${kind}`)) as [
      string,
      string,
      string,
    ];
    const request = ['-subj', `/CN=${file}`, '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', csr];
    openssl('req', '-new', ...elliptic, ...request);
    const ours = ['-CA', this.ca, '-CAkey', this.#key, '-days', String(days), '-out', cert];
    openssl('x509', '-req', '-in', csr, '-copy_extensions', 'copy', ...ours);
    return { cert, key };
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
}
