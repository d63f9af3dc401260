import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { madeFor, traitsOf, versionProblem } from '../../haproxy/versions.ts';
import { renderConfiguration } from '../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../testbed/rig/haproxy-process.ts';
import { operatorSays } from '../../testbed/rig/operator.ts';
import { configuration, expectOk, haproxyTest as test, testedVersion } from './setup.ts';

test('the version that these tests print is the one that HAProxy reports', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  t.is(expectOk(await haproxy.api.info()).version, testedVersion);
  t.is(versionProblem(testedVersion, 'admin.sock'), null, 'tests run against a version that haweight is made for');
});

test('tested branches get no warning, and versions outside or unreadable ones do', (t) => {
  for (const version of ['2.4.0', '2.6.12-1+deb12u4', '2.9-dev3', '3.0.11', '3.4.7-1', '3.4']) {
    t.is(versionProblem(version, 'admin.sock'), null, version);
  }
  for (const version of ['1.8.30', '2.3.21', '3.5.0', '3.40.1', '24.1', '4.0-dev1', 'unknown', '']) {
    const problem = versionProblem(version, 'admin.sock');
    t.like(problem, { code: 'haproxy-version', where: 'admin.sock', got: version });
    t.true(problem?.expected?.includes(madeFor.oldest));
    t.true(problem?.expected?.includes(madeFor.newest));
  }
});

test("a frontend may have a backend's name exactly in the versions that the table says", async (t) => {
  const frontends = [{ name: 'web', bind: 'unix@http.sock', backend: 'web' }];
  const backends = [{ name: 'web', servers: [{ name: 's1', address: '127.0.0.1:1' }] }];
  const start = async () => {
    await using haproxy = await startHaproxy({ configuration: renderConfiguration({ frontends, backends }) });
    return expectOk(await haproxy.api.servers('web')).length;
  };
  if (traitsOf(testedVersion).proxiesMayShareName) t.is(await start(), 1);
  else await t.throwsAsync(start, { message: /same name as frontend/ });
});

test('add server is experimental exactly in the versions that the table says', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  const said = await operatorSays(haproxy, 'add server web/new 127.0.0.1:3');
  const expected = traitsOf(testedVersion).addServerIsExperimental ? /experimental/ : /New server registered/;
  t.regex(said, expected);
});

test('a request whose client closes its half is given up exactly in the versions that the table says', async (t) => {
  const frontends = [{ name: 'http', bind: 'unix@http.sock', backend: 'web' }];
  const backends = [{ name: 'web', servers: [{ name: 's1', address: '127.0.0.1:1' }] }];
  await using haproxy = await startHaproxy({ configuration: renderConfiguration({ frontends, backends }) });
  const client = connect(join(haproxy.folder, 'http.sock'));
  let answer = '';
  client.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  client.end('GET / HTTP/1.0\r\n\r\n');
  await once(client, 'close');
  if (traitsOf(testedVersion).halfClosedClientAborts) t.is(answer, '');
  else t.regex(answer, /^HTTP\/1\.\d 503 /, 'nothing listens there');
});
