// The lines that fit a query: found in small pieces, the newest first, and kept up to date as lines come.

import { LEVELS, type Block, type Logbook, type LogSource, SOURCES } from "./logbook";
import { compile, FINDS, PatternProblem, PatternSearch } from "./logpattern";
import { Rows } from "./logrows";
import type { Level } from "./messages";

/** How much of a frame the search may take. */
const SLICE_MS = 8;
/** How often what was found is shown while more is looked for. */
const SHOW_MS = 50;

export interface LogQuery {
  /** The lowest level shown. */
  level: Level;
  source: LogSource | "";
  device: string;
  module: string;
  /** Words that must be found, in any case, in the message or the module or the device; or a pattern for messages. */
  text: string;
  pattern: boolean;
}

export const EVERYTHING: LogQuery = { level: "DEBUG", source: "", device: "", module: "", text: "", pattern: false };

export class LogFilter {
  /** Why the query cannot be answered. */
  problem = "";
  #query = EVERYTHING;
  #words: string[] = [];
  #regexp: RegExp | undefined;
  readonly #rows = new Rows();
  readonly #search = new PatternSearch();
  /** The lines looked through: from `#back` until before `#front`. */
  #back = 0;
  #front = 0;
  #epoch = -1;
  /** Counts the queries: what was found for an older one is worth nothing. */
  #asked = 0;
  #waiting = false;
  #scheduled = false;
  #shown = 0;

  constructor(
    readonly book: Logbook,
    /** Called when more was found without being asked again. */
    readonly found: () => void,
  ) {}

  get query(): LogQuery {
    return this.#query;
  }

  set query(query: LogQuery) {
    this.#query = query;
    this.#words = query.pattern ? [] : query.text.toLowerCase().split(/\s+/).filter(Boolean);
    this.problem = "";
    this.#regexp = undefined;
    if (query.pattern && query.text) {
      try {
        this.#regexp = compile(query.text);
      } catch (error) {
        this.problem = (error as Error).message.replace(/^Invalid regular expression: /, "");
      }
    }
    this.#begin();
  }

  /** Whether every line fits. */
  get all(): boolean {
    const { level, source, device, module } = this.#query;
    return level === "DEBUG" && !source && !device && !module && !this.#words.length && !this.#regexp && !this.problem;
  }

  get length(): number {
    return this.all ? this.book.length : this.#rows.length;
  }

  /** Whether all lines were looked through. */
  get done(): boolean {
    return this.all || this.problem !== "" || (this.#front >= this.book.end && this.#back <= this.book.first);
  }

  /** The number of the line in a row. */
  at(row: number): number | undefined {
    if (!this.all) return this.#rows.at(row);
    return row >= 0 && row < this.book.length ? this.book.first + row : undefined;
  }

  /** The row of a line, or of the first one after it that fits. */
  rowOf(line: number): number {
    if (!this.all) return this.#rows.rowOf(line);
    return Math.min(Math.max(0, line - this.book.first), this.book.length);
  }

  /** Where in a message what was asked for is: pairs of beginning and end, in order. */
  marks(message: string): [number, number][] {
    const marks: [number, number][] = [];
    if (this.#regexp) {
      this.#regexp.lastIndex = 0;
      for (let match; marks.length < FINDS && (match = this.#regexp.exec(message)); ) {
        if (match[0]) marks.push([match.index, match.index + match[0].length]);
        else this.#regexp.lastIndex += 1;
      }
      return marks;
    }
    const lower = message.toLowerCase();
    for (const word of this.#words) {
      for (let at = lower.indexOf(word); at >= 0 && marks.length < FINDS; at = lower.indexOf(word, at + word.length)) {
        marks.push([at, at + word.length]);
      }
    }
    return merged(marks);
  }

  /** Bring it up to date as far as that is quickly done; the rest follows by itself. */
  refresh(): void {
    if (this.#epoch !== this.book.epoch) this.#begin();
    if (this.all) return;
    this.#rows.drop(this.book.first);
    this.#work(performance.now() + SLICE_MS);
  }

  close(): void {
    this.#asked += 1;
    this.#search.stop();
    this.#search.close();
  }

  #begin(): void {
    this.#asked += 1;
    this.#search.stop();
    this.#waiting = false;
    this.#epoch = this.book.epoch;
    this.#rows.clear();
    this.#back = this.#front = this.book.end;
  }

  #work(until: number): void {
    while (!this.done && !this.#waiting) {
      this.#step();
      if (performance.now() >= until) break;
    }
    if (this.done || this.#waiting || this.#scheduled) return;
    this.#scheduled = true;
    afterOthers(() => {
      this.#scheduled = false;
      this.#work(performance.now() + SLICE_MS);
      if (!this.done && performance.now() < this.#shown + SHOW_MS) return;
      this.#shown = performance.now();
      this.found();
    });
  }

  /** Look through the next lines: the new ones, or those before the ones that were. */
  #step(): void {
    const forward = this.#front < this.book.end;
    const block = this.book.block(forward ? this.#front : this.#back - 1)!;
    const from = forward ? this.#front - block.first : 0;
    const to = forward ? block.size : this.#back - block.first;
    if (!this.#regexp) return this.#take(block, from, to, forward, this.#fits(block, from, to));
    const asked = this.#asked;
    this.#waiting = true;
    this.#search.search(this.#query.text, block, from, to).then(
      (hits) => {
        if (asked !== this.#asked) return;
        this.#waiting = false;
        this.#take(block, from, to, forward, this.#columns(block, from, to, (i) => hits[i]!));
        this.#work(performance.now() + SLICE_MS);
        this.found();
      },
      (error: unknown) => {
        if (asked !== this.#asked || !(error instanceof PatternProblem)) return;
        this.#waiting = false;
        this.problem = error.message;
        this.found();
      },
    );
  }

  #take(block: Block, from: number, to: number, forward: boolean, fits: Uint8Array): void {
    const lines: number[] = [];
    for (let i = 0; i < fits.length; i++) if (fits[i]) lines.push(block.first + from + i);
    if (forward) {
      this.#rows.append(lines);
      this.#front = block.first + to;
    } else {
      this.#rows.prepend(lines);
      this.#back = block.first + from;
    }
  }

  #fits(block: Block, from: number, to: number): Uint8Array {
    let fits = this.#columns(block, from, to, () => 1);
    for (const word of this.#words) {
      if (!fits.includes(1)) break;
      const hits = wordIn(block, from, to, word);
      const named = this.#named(block, from, word);
      fits = fits.map((fit, i) => fit & (hits[i]! | named(i)));
    }
    return fits;
  }

  /** What the columns say: level, source, device, module; of those that fit, `more` decides. */
  #columns(block: Block, from: number, to: number, more: (index: number) => number): Uint8Array {
    const { level, source, device, module } = this.#query;
    const lowest = LEVELS.indexOf(level);
    const wantedSource = source ? SOURCES.indexOf(source) : -1;
    const wantedDevice = device ? this.book.devices.find(device) : -1;
    const wantedModule = module ? this.book.modules.find(module) : -1;
    const fits = new Uint8Array(to - from);
    for (let i = from; i < to; i++) {
      const fit =
        block.levels[i]! >= lowest &&
        (!source || block.sources[i] === wantedSource) &&
        (!device || block.devices[i] === wantedDevice) &&
        (!module || block.modules[i] === wantedModule);
      if (fit) fits[i - from] = more(i - from);
    }
    return fits;
  }

  /** Whether a word is in the name of a line's module or device. */
  #named(block: Block, from: number, word: string): (index: number) => number {
    const holds = (name: string) => Number(name.toLowerCase().includes(word));
    const modules = this.book.modules.list.map(holds);
    const devices = this.book.devices.list.map(holds);
    return (index) => modules[block.modules[from + index]!]! | devices[block.devices[from + index]!]!;
  }
}

/** Which messages hold a word: one search goes through all of them. */
function wordIn(block: Block, from: number, to: number, word: string): Uint8Array {
  const hits = new Uint8Array(to - from);
  const { starts } = block;
  const text = block.text.slice(starts[from], starts[to]);
  const lower = text.toLowerCase();
  if (lower.length !== text.length) {
    // Some letters are longer when they are small: what is found is not where it was.
    for (let i = from; i < to; i++) hits[i - from] = Number(block.message(i).toLowerCase().includes(word));
    return hits;
  }
  const base = starts[from]!;
  let index = from;
  for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, starts[index]! - base)) {
    while (starts[index + 1]! - base <= at) index += 1;
    hits[index - from] = 1;
    if (++index >= to) break;
  }
  return hits;
}

function merged(marks: [number, number][]): [number, number][] {
  marks.sort((a, b) => a[0] - b[0]);
  const result: [number, number][] = [];
  for (const [from, to] of marks) {
    const last = result.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

const after: (() => void)[] = [];
const channel = new MessageChannel();
channel.port1.onmessage = () => after.shift()?.();

/** Call once what waits for the page's attention has had it: a timer would wait for longer than that takes. */
function afterOthers(act: () => void): void {
  after.push(act);
  channel.port2.postMessage(null);
}
