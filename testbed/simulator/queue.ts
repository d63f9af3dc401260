/** First in, first out, in amortised constant time. */
export class Queue<Item> {
  #items: Item[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head += 1;
    // release the finished items when they are half of the array
    if (this.#head >= 1_024 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** All that are left, first to last. */
  items(): Item[] {
    return this.#items.slice(this.#head);
  }

  drain(): Item[] {
    const rest = this.items();
    this.#items = [];
    this.#head = 0;
    return rest;
  }
}
