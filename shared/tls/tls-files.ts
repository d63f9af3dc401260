import type { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { type Problem, ProblemError } from '../contract/problem.ts';
import { noCredential } from '../contract/problems/access.ts';
import { tlsExpiry, tlsInvalid, tlsKeyExposed } from '../contract/problems/tls.ts';
import { isMissingCredential } from '../process/credential.ts';
import { crypto, tls } from '../process/footprint.ts';
import { readSmallFile } from '../process/small-file.ts';

/** Paths of PEM files. A certificate and its key come together; `ca` must have signed the other side's certificate. */
export interface TlsFiles {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly ca?: string | undefined;
}

/** What the files hold, checked: PEM texts. */
export interface TlsMaterial {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  /** When the certificates of each file are valid. */
  readonly validities: readonly Validity[];
}

interface Validity {
  readonly path: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Larger than any bundle of certificate authorities. */
const maxFileBytes = 1024 * 1024;
/** A certificate that ends sooner is worth a warning: renewal should have been done by then. */
const renewalDays = 7;
const dayMs = 24 * 3_600_000;
/** Mode bit: every user of the machine may read it. */
const readableByOthers = 0o004;
export const certificateBlock = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Reads and checks them. Throws a ProblemError of code `tls-invalid` that names the file; never repeats what it holds. */
export function readTlsFiles(files: TlsFiles): TlsMaterial {
  const cert = files.cert === undefined ? undefined : readPem(files.cert);
  const key = files.key === undefined ? undefined : readPem(files.key);
  const ca = files.ca === undefined ? undefined : readPem(files.ca);
  const validities: Validity[] = [];
  if (files.ca !== undefined && ca !== undefined) {
    // a bundle may hold expired ones too: it is useful until its last one ends
    const ends = certificatesIn(files.ca, ca).map((each) => validityOf(files.ca ?? '', each));
    validities.push(ends.reduce((a, b) => (b.toMs > a.toMs ? b : a)));
  }
  if (files.cert !== undefined && cert !== undefined) {
    const chain = certificatesIn(files.cert, cert);
    checkPair(files.cert, cert, chain[0], files.key, key);
    validities.push(...chain.map((each) => validityOf(files.cert ?? '', each)));
  }
  return {
    validities,
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
  };
}

/** What does not stop their use but does harm, now or soon: dates, and a key that every user may read. */
export function tlsWarnings(files: TlsFiles, material: TlsMaterial, nowMs: number): readonly Problem[] {
  const problems: Problem[] = [];
  for (const validity of material.validities) {
    const found = dateProblem(validity, nowMs);
    if (found !== null) problems.push(found);
  }
  const mode = files.key === undefined ? undefined : statSync(files.key, { throwIfNoEntry: false })?.mode;
  if (files.key !== undefined && mode !== undefined && (mode & readableByOthers) !== 0) {
    problems.push(tlsKeyExposed(files.key));
  }
  return problems;
}

/** When a file was last written, as a text that differs after any change; an exchanged link counts as one. */
export function fingerprint(files: TlsFiles): string {
  const stamps = [files.cert, files.key, files.ca].map((path) => {
    const stats = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? 'none' : `${stats.ino}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs}`;
  });
  return stamps.join(' ');
}

function readPem(path: string): string {
  let got: string;
  try {
    // no pipe: it cannot be read again when the certificate is renewed
    if (statSync(path).isFile())
      return readSmallFile(path, { maxBytes: maxFileBytes, maxText: '1 MiB', deadlineMs: 0 });
    got = 'something else';
  } catch (cause) {
    got = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    if (isMissingCredential(path, got)) throw invalid(path, noCredential, 'a file', 'no CREDENTIALS_DIRECTORY');
  }
  throw invalid(path, 'cannot be read', 'a PEM file that this user may read, of at most 1 MiB', got);
}

function certificatesIn(path: string, text: string): X509Certificate[] {
  const { X509Certificate } = crypto();
  const blocks = text.match(certificateBlock) ?? [];
  if (blocks.length === 0) throw invalid(path, 'holds no certificate', 'PEM: -----BEGIN CERTIFICATE-----', 'none');
  return blocks.map((pem, index) => {
    try {
      return new X509Certificate(pem);
    } catch (cause) {
      throw invalid(path, `its certificate ${index + 1} cannot be read`, 'X.509 as PEM', reason(cause));
    }
  });
}

function validityOf(path: string, { validFromDate, validToDate }: X509Certificate): Validity {
  return { path, fromMs: validFromDate.getTime(), toMs: validToDate.getTime() };
}

function checkPair(
  certPath: string,
  cert: string,
  own: X509Certificate | undefined,
  keyPath: string | undefined,
  key: string | undefined,
): void {
  if (keyPath === undefined || key === undefined) throw invalid(certPath, 'has no key', 'the key of this certificate');
  let matches: boolean | undefined;
  try {
    matches = own?.checkPrivateKey(crypto().createPrivateKey(key));
  } catch (cause) {
    const expected = 'one PEM private key without a passphrase';
    throw invalid(keyPath, 'holds no valid key', expected, reason(cause));
  }
  if (matches !== true) {
    throw invalid(keyPath, 'is the key of another certificate', `that of the first certificate in ${certPath}`);
  }
  try {
    tls().createSecureContext({ cert, key });
  } catch (cause) {
    // such as a key that is too small for OpenSSL's security level
    throw invalid(certPath, 'TLS cannot use it', 'a certificate and key that OpenSSL accepts', reason(cause));
  }
}

function dateProblem({ path, fromMs, toMs }: Validity, nowMs: number): Problem | null {
  if (nowMs < fromMs) return tlsExpiry(path, 'is not valid yet', `from ${new Date(fromMs).toISOString()} on`);
  const until = `until ${new Date(toMs).toISOString()}`;
  if (nowMs > toMs) return tlsExpiry(path, 'has expired', until);
  return nowMs > toMs - renewalDays * dayMs ? tlsExpiry(path, `expires in less than ${renewalDays} days`, until) : null;
}

/** OpenSSL's or Node's code, which says what is wrong and nothing of the content. */
function reason(cause: unknown): string {
  const { code } = cause as { code?: unknown };
  return typeof code === 'string' ? code : 'what cannot be understood';
}

function invalid(where: string, what: string, expected: string, got?: string): ProblemError {
  return new ProblemError(tlsInvalid(where, what, { expected, ...(got === undefined ? {} : { got }) }));
}
