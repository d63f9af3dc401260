import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { ProblemError } from '../../shared/contract/problem.ts';
import { jtlFaults, jtlInvalid, jtlUnreadable } from '../../shared/contract/problems/jtl.ts';
import { LineSplitter } from '../../shared/lines.ts';
import { decodeText, TextBytes } from './bytes.ts';
import type { Columns } from './columns.ts';
import { maxRecordBytes, RecordJoiner } from './csv.ts';
import { LineReader, type Read } from './line-reader.ts';

const pieceBytes = 256 * 1024;

/** Reads a result file piece by piece: no more than one piece and one record of it are in memory. */
export class JtlFile {
  readonly path: string;
  readonly #text: TextBytes;
  readonly #lines = new LineSplitter(maxRecordBytes, decodeText);
  readonly #reader: LineReader;
  readonly #records: RecordJoiner;
  readonly bytes: number;
  bytesRead = 0;

  private constructor(path: string, bytes: number) {
    this.path = path;
    this.bytes = bytes;
    this.#text = new TextBytes(path);
    this.#reader = new LineReader(path);
    this.#records = new RecordJoiner(this.#reader.fits);
  }

  /** Throws a ProblemError if it is no regular file. */
  static async open(path: string): Promise<JtlFile> {
    try {
      // check before opening: opening a pipe would wait for a writer
      const facts = await stat(path);
      if (!facts.isFile()) throw Object.assign(new Error('no file'), { code: 'not a regular file' });
      return new JtlFile(path, facts.size);
    } catch (cause) {
      throw new ProblemError(jtlUnreadable(path, cause));
    }
  }

  /** null before the header was read. */
  get columns(): Columns | null {
    return this.#reader.columns;
  }

  /** NUL bytes that were left out. */
  get nuls(): number {
    return this.#text.nuls;
  }

  /** What the lines of each piece became. Throws a ProblemError if the file cannot be read or is not a result file. */
  async *pieces(): AsyncGenerator<Iterable<Read>> {
    for await (const piece of this.#chunks()) {
      this.bytesRead += piece.length;
      yield this.#piece(piece);
    }
    yield this.#end();
  }

  *#piece(piece: Buffer): Generator<Read> {
    for (const line of this.#lines.add(this.#text.add(piece))) {
      for (const record of this.#records.add(line)) yield* this.#reader.read(record);
    }
  }

  *#end(): Generator<Read> {
    for (const line of this.#lines.end()) {
      for (const record of this.#records.add(line)) yield* this.#reader.read(record);
    }
    for (const record of this.#records.end()) yield* this.#reader.read(record);
    this.#reader.end();
    if (this.columns !== null) return;
    throw new ProblemError(jtlInvalid(this.path, this.nuls > 0 ? jtlFaults.onlyNuls : jtlFaults.empty));
  }

  async *#chunks(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of createReadStream(this.path, { highWaterMark: pieceBytes })) yield chunk as Buffer;
    } catch (cause) {
      throw cause instanceof ProblemError ? cause : new ProblemError(jtlUnreadable(this.path, cause));
    }
  }
}
