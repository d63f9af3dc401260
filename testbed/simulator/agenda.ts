/*
 * By hand, not with tinyqueue: that cannot move an entry, and the end of a server's work moves with every request it gets.
 */

/** What happens at an instant. A promise is waited for before time goes on. */
export type Happening = (nowMs: number) => void | Promise<void>;

/**
 * The future: every source of events has one slot, which holds the instant of its next event. A binary heap over the
 * slots, so that moving an event (a server that gets more work finishes later) costs O(log slots). Equal instants come
 * in the order in which the slots were made, so a run repeats exactly.
 */
export class Agenda {
  readonly #happenings: Happening[] = [];
  /** By slot; Infinity: nothing is to come. */
  readonly #atMs: number[] = [];
  /** Slots in heap order, and where in it each slot is. */
  readonly #heap: number[] = [];
  readonly #place: number[] = [];
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** When the next event is; Infinity where there is none. */
  get nextMs(): number {
    return this.#atMs[this.#heap[0] ?? -1] ?? Number.POSITIVE_INFINITY;
  }

  /** A new slot, without an event so far. */
  slot(happening: Happening): number {
    const slot = this.#happenings.push(happening) - 1;
    this.#atMs.push(Number.POSITIVE_INFINITY);
    this.#place.push(this.#heap.push(slot) - 1);
    return slot;
  }

  /** The slot's next event is at that instant, in ms, and no longer when it was. */
  set(slot: number, atMs: number): void {
    const before = this.#atMs[slot] ?? Number.POSITIVE_INFINITY;
    if (atMs === before) return;
    this.#atMs[slot] = atMs;
    if (atMs < before) this.#up(slot);
    else this.#down(slot);
  }

  /** Runs the next event; its slot is empty while it runs. */
  step(): void | Promise<void> {
    const slot = this.#heap[0] ?? -1;
    const happening = this.#happenings[slot];
    this.#nowMs = this.nextMs;
    this.set(slot, Number.POSITIVE_INFINITY);
    return happening?.(this.#nowMs);
  }

  #isBefore(a: number, b: number): boolean {
    const [atA = 0, atB = 0] = [this.#atMs[a], this.#atMs[b]];
    return atA < atB || (atA === atB && a < b);
  }

  #up(slot: number): void {
    let place = this.#place[slot] ?? 0;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const other = this.#heap[parent] ?? 0;
      if (!this.#isBefore(slot, other)) break;
      this.#put(other, place);
      place = parent;
    }
    this.#put(slot, place);
  }

  #down(slot: number): void {
    const { length } = this.#heap;
    let place = this.#place[slot] ?? 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= length) break;
      if (child + 1 < length && this.#isBefore(this.#heap[child + 1] ?? 0, this.#heap[child] ?? 0)) child += 1;
      const other = this.#heap[child] ?? 0;
      if (!this.#isBefore(other, slot)) break;
      this.#put(other, place);
      place = child;
    }
    this.#put(slot, place);
  }

  #put(slot: number, place: number): void {
    this.#heap[place] = slot;
    this.#place[slot] = place;
  }
}
