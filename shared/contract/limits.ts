/** HAProxy's largest weight of a server (SRV_UWGHT_MAX). Weights are integers from 0 to this. */
export const maxWeight = 256;

/** HAProxy's largest limit of a server: it keeps `maxconn` as a signed integer of 32 bits. */
export const maxLimit = 2_147_483_647;

/** HAProxy's own alphabet for names; nothing in it can end or extend a command of the Runtime API. */
export const namePattern = /^[A-Za-z0-9_:.-]+$/;

/** What a Host header holds before its port: a DNS name, or an IP address, IPv6 with or without brackets. */
export const hostPattern = /^(?:[A-Za-z0-9._-]{1,253}|\[?[0-9A-Fa-f:.]{2,45}\]?)$/;

/** The alphabet in words, for messages. */
export const nameAlphabet = 'letters, digits and _ : . -';
