import { connect } from 'node:net';
import { setImmediate as breathe } from 'node:timers/promises';

/*
 * One caller that takes all it can: `node test/system/security/support/hog.ts HOST PORT FROM HOW`. It keeps 500 connections open, opening
 * another for each that is closed, and (HOW is flood) floods every one with requests, or (hold) says nothing on any. Tells its
 * parent how that goes.
 */

const [host = '', port = '', localAddress = '', how = ''] = process.argv.slice(2);
const wanted = 500;
const flood = how === 'flood' ? 'GET /v1/snapshot HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(20) : '';
const count = { opened: 0, closed: 0, refused: 0 };
let open = 0;

function openOne(): void {
  open += 1;
  const socket = connect({ host, port: Number(port), localAddress }, () => {
    count.opened += 1;
    socket.write(flood);
  });
  socket.on('error', () => undefined);
  socket.on('data', (data) => {
    if (data.includes(' 429 ')) count.refused += 1;
    socket.write(flood);
  });
  socket.on('close', () => {
    count.closed += 1;
    open -= 1;
  });
}

process.on('message', () => process.send?.(count));
process.on('disconnect', () => process.exit());
for (;;) {
  for (let each = 0; each < 20 && open < wanted; each += 1) openOne();
  await breathe();
}
