import test from 'ava';
import { ConnectionGate } from '../../../shared/net/connection-gate.ts';

/** Six places, four for one address. Connections are numbers. */
function gate() {
  const closed: number[] = [];
  return {
    closed,
    of: new ConnectionGate<number>({ total: 6, perAddress: 4 }, (connection) => closed.push(connection)),
  };
}

test('an address has its own limit, and a returned place can be taken again', (t) => {
  const { of, closed } = gate();
  t.deepEqual(
    [1, 2, 3, 4, 5].map((connection) => of.admit('a', connection)),
    [true, true, true, true, false],
  );
  of.release('a', 2);
  of.release('a', 2);
  t.deepEqual(
    [6, 7].map((connection) => of.admit('a', connection)),
    [true, false],
  );
  t.deepEqual(closed, []);
});

test('when all places are taken, the address with most loses its oldest to one with fewer connections', (t) => {
  const { of, closed } = gate();
  for (const connection of [1, 2, 3, 4]) of.admit('hog', connection);
  for (const connection of [5, 6]) of.admit('other', connection);
  t.true(of.admit('controller', 7));
  t.deepEqual(closed, [1]);
  t.false(of.admit('hog', 8), 'not to itself');
  t.true(of.admit('controller', 9));
  t.deepEqual(closed, [1, 2]);
  t.false(of.admit('other', 10), 'all have two, and none has more');
});

test('a connection that ends twice returns one place', (t) => {
  const { of } = gate();
  for (const connection of [1, 2, 3, 4, 5, 6]) of.admit(`a${connection}`, connection);
  of.release('a1', 1);
  of.admit('b', 7);
  of.release('b', 7);
  of.admit('b', 8);
  of.release('b', 7);
  t.false(of.admit('c', 9));
});

test('thousands of addresses with one connection each fill the places, and no more', (t) => {
  const { of, closed } = gate();
  const admitted = Array.from({ length: 5_000 }, (_, index) => of.admit(`a${index}`, index)).filter(Boolean);
  t.is(admitted.length, 6);
  t.deepEqual(closed, []);
});
