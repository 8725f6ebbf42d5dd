// Which rows of a long table are in sight, where each may have a height of its own.

import { firstThat } from "./search";

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
  /** Where each row of these begins, and the last ends; undefined once a height has changed. */
  #tops: { keys: string[]; at: Float64Array } | undefined;

  constructor(
    /** The height of a row that was not measured yet. */
    readonly usual: number,
    readonly margin = 8,
  ) {}

  /** Note a row's height; true when it is not what was known. */
  measure(key: string, height: number): boolean {
    if (this.of(key) === height) return false;
    this.#known.set(key, height);
    this.#tops = undefined;
    return true;
  }

  of(key: string): number {
    return this.#known.get(key) ?? this.usual;
  }

  /** Where a row begins. */
  top(keys: string[], index: number): number {
    return this.#topsOf(keys)[index]!;
  }

  /** The rows in sight, and some more on both sides. */
  range(keys: string[], scrollTop: number, height: number): Range {
    const { length } = keys;
    const tops = this.#topsOf(keys);
    const first = Math.max(0, firstThat(length, (index) => tops[index + 1]! > scrollTop) - this.margin);
    const end = Math.min(length, firstThat(length, (index) => tops[index]! >= scrollTop + height) + this.margin);
    return { first, end, above: tops[first]!, below: tops[length]! - tops[end]! };
  }

  #topsOf(keys: string[]): Float64Array {
    if (this.#tops?.keys !== keys) {
      const at = new Float64Array(keys.length + 1);
      keys.forEach((key, i) => (at[i + 1] = at[i]! + this.of(key)));
      this.#tops = { keys, at };
    }
    return this.#tops.at;
  }
}
