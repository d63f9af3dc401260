import type { X509Certificate } from 'node:crypto';
import { crypto } from '../process/footprint.ts';
import { certificateBlock } from './tls-files.ts';

/** Whether one of the certificates in this PEM text signed this one itself, without another in between. */
export function isIssuedBy(certificate: X509Certificate, ca: string): boolean {
  const { X509Certificate } = crypto();
  const authorities = (ca.match(certificateBlock) ?? []).map((pem) => new X509Certificate(pem));
  return authorities.some((each) => certificate.checkIssued(each) && certificate.verify(each.publicKey));
}
