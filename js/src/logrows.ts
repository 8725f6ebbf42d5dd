// The numbers of the lines that a filter let through, in order, growing at both ends.

import { firstThat } from "./search";

export class Rows {
  #data = new Int32Array(1024);
  #from = 512;
  #to = 512;

  get length(): number {
    return this.#to - this.#from;
  }

  at(row: number): number | undefined {
    return row >= 0 && row < this.length ? this.#data[this.#from + row] : undefined;
  }

  /** The first row whose line has this number or a later one. */
  rowOf(line: number): number {
    return firstThat(this.length, (row) => this.#data[this.#from + row]! >= line);
  }

  append(lines: readonly number[]): void {
    this.#reserve(0, lines.length);
    this.#data.set(lines, this.#to);
    this.#to += lines.length;
  }

  prepend(lines: readonly number[]): void {
    this.#reserve(lines.length, 0);
    this.#from -= lines.length;
    this.#data.set(lines, this.#from);
  }

  /** Forget the lines before this number. */
  drop(line: number): void {
    this.#from += this.rowOf(line);
  }

  clear(): void {
    this.#from = this.#to = this.#data.length >> 1;
  }

  #reserve(before: number, after: number): void {
    if (this.#from >= before && this.#to + after <= this.#data.length) return;
    const length = this.length;
    const grown = new Int32Array(Math.max(1024, 2 * (length + before + after)));
    const from = before + Math.floor((grown.length - length - before - after) / 2);
    grown.set(this.#data.subarray(this.#from, this.#to), from);
    [this.#data, this.#from, this.#to] = [grown, from, from + length];
  }
}
