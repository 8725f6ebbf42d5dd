// Which rows of a long table are in sight, where each may have a height of its own.

export interface Range {
  first: number;
  /** One past the last. */
  end: number;
  /** Pixels of the rows before and after. */
  above: number;
  below: number;
}

export class RowHeights {
  readonly #known = new Map<string, number>();

  constructor(
    /** The height of a row that was not measured yet. */
    readonly usual: number,
    readonly margin = 8,
  ) {}

  /** Note a row's height; true when it is not what was known. */
  measure(key: string, height: number): boolean {
    if (this.of(key) === height) return false;
    this.#known.set(key, height);
    return true;
  }

  of(key: string): number {
    return this.#known.get(key) ?? this.usual;
  }

  /** Where a row begins. */
  top(keys: string[], index: number): number {
    let top = 0;
    for (let i = 0; i < index; i++) top += this.of(keys[i]!);
    return top;
  }

  /** The rows in sight, and some more on both sides. */
  range(keys: string[], scrollTop: number, height: number): Range {
    let [top, first, above] = [0, 0, 0];
    let index = 0;
    for (; index < keys.length && top + this.of(keys[index]!) <= scrollTop; index++) top += this.of(keys[index]!);
    first = Math.max(0, index - this.margin);
    above = top - this.#sum(keys, first, index);
    for (; index < keys.length && top < scrollTop + height; index++) top += this.of(keys[index]!);
    const end = Math.min(keys.length, index + this.margin);
    return { first, end, above, below: this.#sum(keys, end, keys.length) };
  }

  #sum(keys: string[], from: number, to: number): number {
    let sum = 0;
    for (let i = from; i < to; i++) sum += this.of(keys[i]!);
    return sum;
  }
}
