// Lines that the log's book has not: those before its first, and those that were shed. They are fetched from
// whoever keeps all of them, a batch at a time, and put where they belong.

import { type Line, lineOf, type Logbook, MOST } from "./logbook";
import type { KeptLines, KeptLog } from "./source";

/** After this long without an answer the reader may ask again: a busy kernel hears nothing. */
const PATIENCE_MS = 10_000;
/** A line that is held back passes this many at most. */
const OVERTAKEN = 5_000;
const SILENCE: KeptLines = { entries: [], lost: 0, refused: "no answer: the kernel may be busy" };

export class Backlog {
  /** Whether an answer is waited for. */
  loading = false;
  /** Why nothing was loaded, in words. */
  refused = "";

  constructor(
    readonly kept: KeptLog,
    readonly book: Logbook,
    readonly changed: () => void,
  ) {}

  /** Whether there are lines to load before the first. */
  get hasEarlier(): boolean {
    return this.book.lost > 0 && this.book.length < MOST;
  }

  /** Load the lines before the first, as many as come at once. */
  earlier(): Promise<void> {
    return this.#load(() => this.#earlier());
  }

  /** Load the lines that were shed: those that one notice tells of, or all, the newest first. */
  shed(notice?: number): Promise<void> {
    return this.#load(() => (notice === undefined ? this.#allShed() : this.#shed(notice)));
  }

  async #load(work: () => Promise<string>): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    this.refused = "";
    this.changed();
    this.refused = await work();
    this.loading = false;
    this.changed();
  }

  async #earlier(): Promise<string> {
    const { book } = this;
    const { first, epoch } = book;
    // No notice is among the lines that are kept: those at the beginning give way to what they tell of.
    let known = first;
    while (book.shedAt(known)) known += 1;
    const line = book.line(known);
    if (!line) return "";
    const { entries, lost, refused } = await patiently(this.kept.earlier(line));
    if (refused !== null) return refused;
    if (book.epoch !== epoch || book.first !== first) return "";
    const overtaken = this.#overtaken(known);
    book.splice(first, known, entries.filter((entry) => !overtaken.has(key(lineOf(entry)))));
    book.lost = lost;
    book.makeRoom();
    return "";
  }

  /** Lines that came behind the first though they are older: where lines are shed, one may be held back. */
  #overtaken(first: number): Set<string> {
    const { book } = this;
    const { time } = book.line(first)!;
    const found = new Set<string>();
    for (let number = first + 1; number < Math.min(book.end, first + OVERTAKEN); number++) {
      const line = book.line(number)!;
      if (line.time <= time) found.add(key(line));
    }
    return found;
  }

  async #allShed(): Promise<string> {
    let refused = "";
    for (let notice = this.book.noticeBefore(Infinity); notice !== undefined; notice = this.book.noticeBefore(notice)) {
      refused = (await this.#shed(notice)) || refused;
      if (refused === SILENCE.refused) break;
    }
    return refused;
  }

  /** Put shed lines in their notice's place; its number is that of the last of them then. */
  async #shed(notice: number): Promise<string> {
    const { book } = this;
    for (let count = book.shedAt(notice); count; count = book.shedAt(notice)) {
      const gap = this.#gap(notice);
      if (!gap) return "what came before is to be loaded first";
      const { epoch } = book;
      const { entries, refused } = await patiently(this.kept.shed(gap.after, gap.skip, count));
      if (refused !== null) return refused;
      if (!entries.length) return "lines that were shed are not in the history";
      if (book.epoch !== epoch || notice < book.first) return "";
      book.fill(gap.from, notice, entries);
      book.makeRoom();
    }
    return "";
  }

  /** The last line of a notice's device before it, how many were shed since and told of, and where it may be filled. */
  #gap(notice: number): { after: Line; from: number; skip: number } | undefined {
    const { book } = this;
    const own = book.line(notice)!;
    let skip = 0;
    let from: number | undefined;
    for (let number = notice - 1; number >= book.first; number--) {
      const line = book.line(number)!;
      if (line.device !== own.device || line.source !== own.source) continue;
      from ??= number + 1;
      const shed = book.shedAt(number);
      if (!shed) return { after: line, from, skip };
      skip += shed;
    }
    return undefined;
  }
}

function key({ time, device, message }: Line): string {
  return `${time} ${device} ${message}`;
}

function patiently(answer: Promise<KeptLines>): Promise<KeptLines> {
  const silence = new Promise<KeptLines>((resolve) => setTimeout(resolve, PATIENCE_MS, SILENCE));
  return Promise.race([answer, silence]);
}
