import test from 'ava';
import { type Cell, measureCell } from '../../../lab/floods/cell.ts';
import { type KindName, kindNames, kindOf } from '../../../lab/floods/kinds.ts';
import { targetNames } from '../../../lab/floods/system.ts';
import { verdictOf } from '../../../lab/floods/verdict.ts';
import { tlsTest } from '../../support/certificates.ts';

/** A period shorter than usual, for the time that all this takes; the bounds follow it. */
const times = { periodMs: 1_000, warmUpMs: 3_000 } as const;
const [one, many] = [1, 256];
/** The kinds that cost the most: against both processes, from one address and from many. */
const worst: readonly KindName[] = ['pipelining', 'connect and close'];

const thorough = worst.flatMap((kind) =>
  (['controller', 'agent -- COMMAND'] as const).flatMap((target) =>
    [one, many].map((addresses) => ({ kind, target, addresses, ...times })),
  ),
);
/** Of every other kind one cell, so that all targets and both numbers of addresses have their turn. */
const others = kindNames
  .filter((kind) => !worst.includes(kind))
  .map((kind, index): Cell => {
    const target = kindOf(kind).largeAnswers ? 'controller' : (targetNames[index % targetNames.length] ?? 'agent');
    return { kind, target, addresses: index % 2 === 0 ? one : many, ...times };
  });

for (const cell of [...thorough, ...others]) {
  const { kind, target, addresses } = cell;
  const from = addresses === one ? 'one address' : `${addresses} addresses`;
  const run = kindOf(kind).tls ? tlsTest : test.serial;
  run(`${target}: ${kind} from ${from} harms no other`, async (t) => {
    const measured = await measureCell(cell);
    const missed = verdictOf(measured).filter(({ verdict }) => verdict !== 'met');
    t.deepEqual(missed, [], JSON.stringify(measured));
  });
}
