// The log's lines, bounded, and the ones among them that a filter lets through.

import type { Level, LogEntry } from "./messages";

const SHED = /^(\d+) log entr(?:y was|ies were) shed$/;
const LEVELS: Level[] = ["DEBUG", "INFO", "WARN", "ERROR"];

export class Logbook {
  /** The kept lines, the oldest first. */
  entries: LogEntry[] = [];
  /** Lines that came and are not kept any more. */
  lost = 0;
  /** Lines that the sender left out because they came too fast. */
  shed = 0;
  /** Changes whenever lines were taken away, so that a filter knows to begin anew. */
  epoch = 0;

  constructor(readonly capacity = 50_000) {}

  add(entry: LogEntry): void {
    const shed = entry.level === "WARN" && SHED.exec(entry.message);
    if (shed) this.shed += Number(shed[1]);
    this.entries.push(entry);
    if (this.entries.length > this.capacity) this.#drop(Math.ceil(this.capacity / 10));
  }

  clear(lost = 0): void {
    this.entries = [];
    this.lost = lost;
    this.shed = 0;
    this.epoch += 1;
  }

  /** Dropping a tenth at a time keeps the cost of a line constant. */
  #drop(count: number): void {
    this.entries.splice(0, count);
    this.lost += count;
    this.epoch += 1;
  }
}

export interface LogQuery {
  /** The lowest level shown. */
  level: Level;
  /** Words that the message, module or device must hold, in any case. */
  text: string;
}

/** The lines that fit a query, kept up to date at the cost of the new lines alone. */
export class LogFilter {
  visible: LogEntry[] = [];
  #query: LogQuery = { level: "DEBUG", text: "" };
  #words: string[] = [];
  #seen = 0;
  #epoch = -1;

  constructor(readonly book: Logbook) {}

  get query(): LogQuery {
    return this.#query;
  }

  set query(query: LogQuery) {
    this.#query = query;
    this.#words = query.text.toLowerCase().split(/\s+/).filter(Boolean);
    this.#epoch = -1;
  }

  /** Bring `visible` up to date; true when it is not what it was. */
  refresh(): boolean {
    const anew = this.#epoch !== this.book.epoch;
    if (anew) {
      this.visible = [];
      this.#seen = 0;
      this.#epoch = this.book.epoch;
    }
    const before = this.visible.length;
    const { entries } = this.book;
    for (; this.#seen < entries.length; this.#seen++) {
      const entry = entries[this.#seen]!;
      if (this.#fits(entry)) this.visible.push(entry);
    }
    return anew || this.visible.length !== before;
  }

  #fits(entry: LogEntry): boolean {
    if (LEVELS.indexOf(entry.level) < LEVELS.indexOf(this.#query.level)) return false;
    if (!this.#words.length) return true;
    const text = `${entry.module_id} ${entry.device_id} ${entry.message}`.toLowerCase();
    return this.#words.every((word) => text.includes(word));
  }
}
