import { type Problem, quote } from '../problem.ts';

/** Problems of another controller that is asked for its counters. `url` is where it was asked. */

const counted = 'its counters are left out';

/** It answers something else than counters, or counters that cannot be. */
export function peerInvalid(url: string, got: string): Problem {
  return {
    code: 'peer-invalid',
    where: url,
    what: `the peer's answer cannot be used; ${counted}`,
    expected: 'the counters of a haweight controller',
    got,
    fix: 'Does a haweight controller of a version with /v1/traffic listen there?',
  };
}

/** Of one value in the answer. */
export function peerValueInvalid(url: string, place: string, message: string): Problem {
  return peerInvalid(url, quote(`${place}: ${message}`, 200));
}

export function peerTooLarge(url: string, maxBytes: number): Problem {
  return peerInvalid(url, `more than ${maxBytes} bytes`);
}

export function peerImplausible(url: string, server: string, perSecond: number, most: number): Problem {
  return {
    code: 'peer-invalid',
    where: url,
    what: `what the peer counted for ${quote(server, 60)} cannot be; ${counted}`,
    expected: `at most ${most} requests/s`,
    got: `${Math.round(perSecond)} requests/s`,
    fix: 'Is it a haweight controller? If so, please report it.',
  };
}

export function peerIsSelf(url: string): Problem {
  return {
    code: 'peer-same',
    where: url,
    what: `this peer is the controller itself; ${counted}`,
    fix: 'Take it from peers.urls (--peer): each controller names the others.',
  };
}

/** `other`: the one that counts; null: this controller. */
export function peerOfSameHaproxy(url: string, other: string | null): Problem {
  return {
    code: 'peer-same',
    where: url,
    what: `this peer works on the same HAProxy as ${other ?? 'this controller'}; ${counted}`,
    expected: 'controllers of other HAProxys',
    fix: 'Take it from peers.urls (--peer): its requests are counted already.',
  };
}

/** Its HAProxy is away, or its ticks are: the counters are those of a while ago. */
export function peerStands(url: string, seconds: number): Problem {
  return {
    code: 'peer-stale',
    where: url,
    what: `the peer answers, but has not read its HAProxy again; ${counted}`,
    got: `the same counters for ${seconds.toFixed(1)} s`,
    fix: 'Look at its log.',
  };
}
