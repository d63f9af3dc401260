import { type Problem, quote } from '../contract/problem.ts';

/** The settings that each client names its certificates with. */
export interface TlsHints {
  /** The setting for the trusted CA, such as `agents.tls.ca`. */
  readonly ca: string;
  /** The setting for our own certificate. */
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

type CertificateFault = Omit<Problem, 'code' | 'where'>;

/** What a failed TLS handshake says about certificates; null where it failed for another reason. */
export function certificateFault(code: string, message: string, hints: TlsHints): CertificateFault | null {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const fix = 'Make one whose subjectAltName has the name or address that is used (docs/operations.md, TLS).';
    return { what: 'its certificate is for another name', got: quote(message), fix };
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const fix = 'Renew it, or fix the clock.';
    return { what: 'its certificate, or that of its CA, is not valid at this time', got: code, fix };
  }
  if (untrusted.has(code)) {
    return { what: 'its certificate is not trusted', got: code, fix: `Name the CA that signed it: ${hints.ca}.` };
  }
  if (/_ALERT_(?!INTERNAL|PROTOCOL_VERSION|DECODE|RECORD)/.test(code)) {
    const fix = `Give a certificate that it trusts: ${hints.certificate}.`;
    return { what: 'it refuses our certificate, or wants one', got: code, fix };
  }
  return null;
}

/** What to check where a connection failed for a reason other than a certificate: above all the wrong kind of URL. */
export function schemeHint(url: string, code: string, hints: TlsHints): string | null {
  const secure = url.startsWith('https:');
  if (secure && (code === 'EPROTO' || code.startsWith('ERR_SSL_'))) {
    return 'It does not seem to speak TLS: is its URL http://?';
  }
  if (secure && code === 'ECONNRESET') return `Does it trust our certificate (${hints.certificate})?`;
  if (!secure && (code === 'ECONNRESET' || code.startsWith('HPE_') || code === 'EPIPE')) {
    return 'Does it speak TLS? Then its URL begins with https://.';
  }
  return null;
}
