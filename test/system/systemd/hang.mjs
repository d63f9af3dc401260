// Loaded into a controller (NODE_OPTIONS=--import): while the file HAWEIGHT_TEST_HANG exists, asking HAProxy who it is never
// comes to an end, as if a deadline had been forgotten. Everything else of the process goes on.
import { existsSync } from 'node:fs';
import { RuntimeApi } from '../../../haproxy/runtime-api.ts';

const { info } = RuntimeApi.prototype;
RuntimeApi.prototype.info = function hangingInfo() {
  if (!existsSync(process.env.HAWEIGHT_TEST_HANG ?? '')) return info.call(this);
  process.stderr.write('a tick hangs\n');
  return new Promise(() => undefined);
};
