import crypto from 'node:crypto';
import test from 'ava';
import { bearerMatches } from '../../../shared/net/token.ts';

const token = 'a-token-of-at-least-16-characters';

for (const [title, header, matches] of [
  ['the token', `Bearer ${token}`, true],
  ['no header', undefined, false],
  ['nothing', '', false],
  ['the token without its scheme', token, false],
  ['another scheme', `Basic ${token}`, false],
  ['an empty token', 'Bearer ', false],
  ['its beginning', `Bearer ${token.slice(0, -1)}`, false],
  ['more than it', `Bearer ${token}x`, false],
  ['another of the same length', `Bearer ${token.replace('a', 'b')}`, false],
] as const) {
  test.serial(`${title} ${matches ? 'is' : 'is not'} accepted, compared in constant time`, (t) => {
    const compared: (readonly [number, number])[] = [];
    const real = crypto.timingSafeEqual;
    crypto.timingSafeEqual = (a, b) => {
      compared.push([a.byteLength, b.byteLength]);
      return real(a, b);
    };
    t.teardown(() => {
      crypto.timingSafeEqual = real;
    });
    t.is(bearerMatches(header, token), matches);
    // always, and of digests: neither the difference nor the length shows
    t.deepEqual(compared, [[32, 32]]);
  });
}
