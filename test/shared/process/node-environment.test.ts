import test from 'ava';
import { formatProblem } from '../../../shared/contract/problem.ts';
import { environmentFindings } from '../../../shared/process/node-environment.ts';

const told = (environment: Record<string, string>, execArgv: readonly string[] = []) =>
  environmentFindings(environment, execArgv).map(
    ({ problem, stops }) => `${stops ? 'stops' : 'warns'}: ${problem.where}`,
  );

test('a usual environment has nothing to tell', (t) => {
  const usual = {
    PATH: '/usr/bin',
    NODE_OPTIONS: '--max-old-space-size=256 --enable-source-maps',
    NODE_EXTRA_CA_CERTS: '/etc/ssl/own.pem',
    NODE_TLS_REJECT_UNAUTHORIZED: '1',
    NODE_DEBUG: 'module,timer',
    NODE_ENV: 'production',
    HTTPS_PROXY: 'http://proxy:3128',
  };
  t.deepEqual(told(usual, ['--import', 'tsx', '--no-warnings']), []);
});

for (const [expected, environment, execArgv] of [
  ['warns: NODE_TLS_REJECT_UNAUTHORIZED=0', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }, []],
  ['stops: NODE_DEBUG=net', { NODE_DEBUG: 'net' }, []],
  ['stops: NODE_DEBUG=http, NET', { NODE_DEBUG: 'http, NET' }, []],
  ['stops: NODE_DEBUG=*', { NODE_DEBUG: '*' }, []],
  ['stops: NODE_DEBUG=n*', { NODE_DEBUG: 'n*' }, []],
  ['stops: --tls-keylog=/tmp/keys', { NODE_OPTIONS: ' --tls-keylog=/tmp/keys' }, []],
  ['stops: --tls_keylog=/tmp/keys', {}, ['--tls_keylog=/tmp/keys']],
  ['warns: --inspect=0.0.0.0:9229', { NODE_OPTIONS: '--inspect=0.0.0.0:9229' }, []],
  ['warns: --inspect-brk', {}, ['--inspect-brk']],
  ['warns: --insecure-http-parser', { NODE_OPTIONS: '--insecure-http-parser' }, []],
] as const) {
  test(`of the environment: ${expected}`, (t) => {
    t.deepEqual(told(environment, execArgv), [expected]);
    const lines = environmentFindings(environment, execArgv).map(({ problem }) => formatProblem(problem));
    t.regex(lines.join('\n'), /^[^\n]+: [^\n]+\. (Start haweight without it|Take it away): [^\n]+\.$/);
  });
}
