import type { ExecutionContext } from 'ava';
import { testWhere } from './test-where.ts';

/** Whether this user may do what only root may, such as becoming another user. */
export const isRoot = process.getuid?.() === 0;

/** `test` for root; for other users a skip that says so. */
export function rootTest(title: string, body: (t: ExecutionContext) => Promise<void>): void {
  testWhere(isRoot, `"${title}", which wants root`)(title, body);
}
