import test from 'ava';
import { ConnectionGate, type Guest } from '../../../shared/net/connection-gate.ts';

interface Named extends Guest {
  readonly name: string;
}

/** Six places, four for one address. Each connection came or asked later than those before it. */
function gate() {
  const closed: string[] = [];
  const of = new ConnectionGate<Named>({ total: 6, perAddress: 4 }, ({ name }) => closed.push(name));
  let nowMs = 0;
  const arrive = (address: string, name: string) => {
    nowMs += 1;
    const connection = { address, name, known: false, activeMs: nowMs };
    return { connection, isIn: of.admit(connection) };
  };
  const arriveAll = (address: string, ...names: string[]) => names.map((name) => arrive(address, name).isIn);
  return { of, closed, arrive, arriveAll };
}

test('an address has its own limit, and a returned place can be taken again', (t) => {
  const { of, closed, arrive, arriveAll } = gate();
  const { connection } = arrive('a', '1');
  t.deepEqual(arriveAll('a', '2', '3', '4', '5'), [true, true, true, false]);
  of.release(connection);
  of.release(connection);
  t.deepEqual(arriveAll('a', '6', '7'), [true, false]);
  t.deepEqual(closed, []);
});

test('when all places are taken, the address with most loses the one that was silent longest', (t) => {
  const { closed, arrive, arriveAll } = gate();
  const first = arrive('hog', 'h1');
  arriveAll('hog', 'h2', 'h3', 'h4');
  arriveAll('other', 'o1', 'o2');
  first.connection.activeMs = 1_000;
  t.true(arrive('controller', 'c1').isIn);
  t.true(arrive('controller', 'c2').isIn);
  t.deepEqual(closed, ['h2', 'h3']);
});

test('a full house of addresses with one connection each has a place for another address', (t) => {
  const { closed, arrive, arriveAll } = gate();
  for (let index = 0; index < 5_000; index += 1) arriveAll(`a${index}`, `${index}`);
  t.is(closed.length, 5_000 - 6);
  t.is(closed.at(-1), '4993', 'the one that was silent longest goes');
  t.true(arrive('controller', 'c1').isIn);
  t.true(arrive('controller', 'c2').isIn);
  t.deepEqual(closed.slice(-2), ['4994', 'c1'], 'a second connection takes the place of the own first one');
});

test('in a full house the share of an address is taken while no other one has two more', (t) => {
  const { of, arriveAll } = gate();
  arriveAll('a', '1', '2', '3');
  arriveAll('b', '4', '5');
  t.false(of.isShareTaken('a'), 'there is a place');
  arriveAll('c', '6');
  t.true(of.isShareTaken('a'));
  t.true(of.isShareTaken('b'));
  t.false(of.isShareTaken('c'));
  t.false(of.isShareTaken('d'));
});

test('one that has shown its token stays while there are others', (t) => {
  const { of, closed, arrive, arriveAll } = gate();
  const [one, two] = [arrive('controller', 'c1'), arrive('controller', 'c2')];
  of.recognise(one.connection);
  of.recognise(two.connection);
  of.recognise(two.connection);
  for (let index = 0; index < 1_000; index += 1) arriveAll(`a${index}`, `${index}`);
  t.false(closed.some((name) => name.startsWith('c')));
  t.true(arrive('controller', 'c3').isIn);
  t.is(closed.at(-1), '996', 'not its own third one, which is alone among those without a token');
});

test('where all have shown a token, one of the address with most goes', (t) => {
  const { of, closed, arrive } = gate();
  for (const name of ['a', 'b', 'b', 'b', 'c', 'c']) of.recognise(arrive(name, `${name}`).connection);
  t.true(arrive('d', 'd').isIn);
  t.deepEqual(closed, ['b']);
});

test('a connection that ends twice returns one place', (t) => {
  const { of, closed, arrive, arriveAll } = gate();
  const first = arrive('a', '1');
  arriveAll('b', '2', '3', '4');
  arriveAll('c', '5', '6');
  of.release(first.connection);
  of.release(first.connection);
  arriveAll('d', '7');
  t.deepEqual(closed, []);
  arriveAll('e', '8');
  t.deepEqual(closed, ['2']);
});

test('the connections of one address are listed', (t) => {
  const { of, arriveAll } = gate();
  arriveAll('a', '1', '2');
  arriveAll('b', '3');
  t.deepEqual(
    of.of('a').map(({ name }) => name),
    ['1', '2'],
  );
  t.deepEqual(of.of('c'), []);
  t.is([...of].length, 3);
});
