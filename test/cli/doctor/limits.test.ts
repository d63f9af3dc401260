import test from 'ava';
import { checkLimits } from '../../../cli/doctor/checks/limits.ts';
import type { BackendView } from '../../../controller/index.ts';
import { server, status } from '../../support/status.ts';
import { lines, view, viewOf } from './support.ts';

/** The line about limits of a backend with `fullconn 10000` whose servers have these; none: empty. */
function said(limits: readonly (number | null)[], changes: Partial<BackendView> = {}): string {
  const servers = limits.map((limit, index) => view(`s${index + 1}`, { limit }));
  return lines(checkLimits({ view: viewOf(servers, { fullconn: 10_000, ...changes }), shown: null })).join();
}

test('a backend without limits is told the lines that let them scale, and where their dangers stand', (t) => {
  t.regex(
    said([null, null]),
    /^ok limits of web: none: .*`fullconn 10000` and `default-server minconn 2 maxconn 10000`.*docs\/limits\.md/,
  );
  t.regex(said([null, 40]), /^ok limits of web: s2: fixed by `maxconn`; .*minconn/);
});

test('limits that scale are fine, and those of some servers only are warned of', (t) => {
  t.regex(said([10_000, 10_000]), /^ok limits of web: .*scale with the load/);
  t.regex(said([10_000, null]), /^warning limits of web: s2: .* haweight limits none\. Say `fullconn 10000`/);
  t.regex(said([999, 999], { fullconn: 999 }), /^ok limits of web: s1, s2: fixed/, 'no fullconn of a configuration');
});

test('limits that a controller has set are not held to the configuration', (t) => {
  const bound = { limit: 2_500, now: 2_500, fullPart: 0, reason: { code: 'bound', part: 0.2, times: 1.25 } } as const;
  const view1 = viewOf([view('web1', { limit: 2_500 }), view('web2', { limit: 10_000 })], { fullconn: 10_000 });
  const [shown] = status([server({ limit: bound })]).backends;
  if (shown === undefined) throw new Error('no backend');
  const found = lines(checkLimits({ view: view1, shown: { status: shown, tickAgeMs: 100 } }));
  t.deepEqual(found, ['ok limits of web: set by haweight: see `haweight explain`']);
});

test('nothing is said in tcp mode, of hashes, or where no server could have a limit', (t) => {
  t.is(said([null], { isHttp: false }), '');
  t.is(said([null], { algorithm: 'source' }), '');
  t.is(said([]), '');
});
