import { type Problem, quote } from '../contract/problem.ts';

/** What differs between those who ask: how each is told what to trust. */
export interface TlsHints {
  /** Where the CA that is trusted is named, such as `agents.tls.ca`. */
  readonly ca: string;
  /** Where our own certificate is named. */
  readonly certificate: string;
}

/** OpenSSL's verdicts on a certificate (X509_verify_cert_error_string), as Node.js names them. */
const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_CHAIN_TOO_LONG',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'UNSPECIFIED',
]);

type Finding = Omit<Problem, 'code' | 'where'>;

/** What a failed TLS handshake says of certificates; null where they are not what it failed for. */
export function certificateFinding(code: string, message: string, hints: TlsHints): Finding | null {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const fix = 'Make one whose subjectAltName has the name or address that is asked (docs/operations.md, TLS).';
    return { what: 'its certificate is for another name', got: quote(message), fix };
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const fix = 'Renew it, or fix the clock.';
    return { what: 'its certificate, or that of its CA, is not valid at this time', got: code, fix };
  }
  if (untrusted.has(code)) {
    return { what: 'its certificate is not trusted', got: code, fix: `Name the CA that made it: ${hints.ca}.` };
  }
  if (/_ALERT_(?!INTERNAL|PROTOCOL_VERSION|DECODE|RECORD)/.test(code)) {
    const fix = `Give a certificate that it trusts: ${hints.certificate}.`;
    return { what: 'it refuses our certificate, or wants one', got: code, fix };
  }
  return null;
}

/** What to look at where a connection failed for no reason that names a certificate: the wrong kind of URL above all. */
export function schemeHint(url: string, code: string, hints: TlsHints): string | null {
  const secure = url.startsWith('https:');
  if (secure && (code === 'EPROTO' || code.startsWith('ERR_SSL_'))) {
    return 'It speaks no TLS, it seems: is its URL http://?';
  }
  if (secure && code === 'ECONNRESET') return `Does it trust our certificate (${hints.certificate})?`;
  if (!secure && (code === 'ECONNRESET' || code.startsWith('HPE_') || code === 'EPIPE')) {
    return 'Does it speak TLS? Then its URL begins with https://.';
  }
  return null;
}
