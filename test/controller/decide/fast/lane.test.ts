import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import { randomStream } from '../../../../shared/math/random.ts';
