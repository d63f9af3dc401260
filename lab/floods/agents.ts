// Agents of servers that are not attacked: `node lab/floods/agents.ts PORT OVERLOADED`. They answer at every address of this
// machine; the one at the address OVERLOADED reports a server that is overloaded, the others idle ones.
import { createServer } from 'node:http';
import { standInSnapshot } from '../support/stand-in-snapshot.ts';

const [port = '0', overloaded = ''] = process.argv.slice(2);
const idle = 0.2;
const full = 0.98;

createServer(({ socket: { localAddress = '' } }, response) => {
  const utilisation = localAddress === overloaded ? full : idle;
  response.end(JSON.stringify(standInSnapshot({ host: localAddress, utilisation, effectiveCores: 1 })));
}).listen(Number(port), '0.0.0.0');
