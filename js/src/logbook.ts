// The log's lines in columns: a million of them take about what their text takes.
//
// Lines are numbered from the execution's first. Blocks of them keep one string for all messages, so that a
// search goes through long stretches of text and not from object to object.

import type { Level, LogEntry } from "./messages";
import { firstThat } from "./search";

const SHED = /^(\d+) log entr(?:y was|ies were) shed$/;
export const LEVELS: readonly Level[] = ["DEBUG", "INFO", "WARN", "ERROR"];
const WARN = LEVELS.indexOf("WARN");
/** Who wrote a line: the run itself, or the device in its own log. */
export const SOURCES = ["run", "logcat"] as const;
export type LogSource = (typeof SOURCES)[number];

/** Lines in a block. */
const BLOCK = 4096;
/** The most lines that a page holds; the oldest give way to new ones. */
export const MOST = 1_000_000;
/** Where all of them are kept elsewhere, a page holds fewer, so that it does not grow as a run goes on. */
export const MOST_LIVE = 100_000;
/** So many edits are remembered: whoever holds a number looks after it at the next repaint. */
const EDITS = 256;

export interface Line {
  /** Milliseconds since the epoch. */
  time: number;
  level: Level;
  source: LogSource;
  device: string;
  module: string;
  message: string;
}

/** Strings that come again and again, kept once. */
export class Names {
  readonly list: string[] = [];
  readonly #numbers = new Map<string, number>();

  /** The number of a name, which is given one when it is new. */
  number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.list.length);
    return this.list.push(name) - 1;
  }

  find(name: string): number {
    return this.#numbers.get(name) ?? -1;
  }
}

/** A stretch of lines, in columns. */
export class Block {
  readonly times = new Float64Array(BLOCK);
  readonly levels = new Uint8Array(BLOCK);
  readonly sources = new Uint8Array(BLOCK);
  readonly modules = new Uint16Array(BLOCK);
  readonly devices = new Uint16Array(BLOCK);
  /** Where each message begins in the text; one more than there are lines. */
  readonly starts = new Uint32Array(BLOCK + 1);
  size = 0;
  #text = "";
  #fresh: string[] = [];

  constructor(
    /** The number of its first line. */
    public first: number,
  ) {}

  get full(): boolean {
    return this.size === BLOCK;
  }

  /** All messages, each with a line feed behind it. */
  get text(): string {
    if (this.#fresh.length) {
      this.#text += `${this.#fresh.join("\n")}\n`;
      this.#fresh = [];
    }
    return this.#text;
  }

  message(index: number): string {
    return this.text.slice(this.starts[index]!, this.starts[index + 1]! - 1);
  }

  push(time: number, level: number, source: number, module: number, device: number, message: string): void {
    const index = this.size++;
    this.times[index] = time;
    this.levels[index] = level;
    this.sources[index] = source;
    this.modules[index] = module;
    this.devices[index] = device;
    this.starts[index + 1] = this.starts[index]! + message.length + 1;
    this.#fresh.push(message);
  }
}

export class Logbook {
  /** Lines before the first one kept; more may have come before the sender began to count. */
  lost = 0;
  /** Lines that the sender left out because they came too fast. */
  shed = 0;
  /** Changes whenever lines were taken away or put between others, so that a filter knows to begin anew. */
  epoch = 0;
  readonly modules = new Names();
  readonly devices = new Names();
  /** Whether a device's own log is among the lines. */
  logcat = false;
  readonly blocks: Block[] = [];
  readonly #edits: Edit[] = [];

  constructor(public capacity = MOST) {}

  /** The number of the first line that is kept. */
  get first(): number {
    return this.blocks[0]?.first ?? this.lost;
  }

  /** The number that the next line gets. */
  get end(): number {
    const last = this.blocks.at(-1);
    return last ? last.first + last.size : this.lost;
  }

  get length(): number {
    return this.end - this.first;
  }

  add(entry: LogEntry): void {
    let block = this.blocks.at(-1);
    if (!block || block.full) {
      block = new Block(this.end);
      this.blocks.push(block);
    }
    this.#put(block, lineOf(entry));
    if (this.length > this.capacity) this.#drop();
  }

  /** Put lines in the place of those from one number until before another; those that follow keep their numbers. */
  splice(from: number, to: number, entries: LogEntry[]): void {
    this.#replace(from, to, entries.map(lineOf), []);
  }

  /** Put lines that were shed in their notice's place, among the lines of others since `from` by their time. */
  fill(from: number, notice: number, entries: LogEntry[]): void {
    const missing = this.shedAt(notice) - entries.length;
    const shed = entries.map(lineOf);
    const lines: Line[] = [];
    const places: number[] = [];
    let next = 0;
    for (let number = from; number < notice; number++) {
      const other = this.line(number)!;
      while (next < shed.length && shed[next]!.time < other.time) lines.push(shed[next++]!);
      places.push(lines.push(other) - 1);
    }
    lines.push(...shed.slice(next));
    if (missing > 0) lines.push({ ...this.line(notice)!, message: noticeOf(missing) });
    this.#replace(from, notice + 1, lines, places);
  }

  /** Keep what was just put before the others, while as many lines come as would have pushed it out. */
  makeRoom(): void {
    this.capacity = Math.min(MOST, Math.max(this.capacity, this.length + MOST_LIVE));
  }

  clear(lost = 0): void {
    this.blocks.length = 0;
    this.lost = lost;
    this.shed = 0;
    this.epoch += 1;
    this.#edits.length = 0;
  }

  /** The number of the line that had this one in an earlier epoch. */
  moved(number: number, epoch: number): number {
    return this.#edits.reduce((now, edit) => (edit.epoch > epoch ? moved(now, edit) : now), number);
  }

  /** How many lines a notice tells of; 0 when the line is none. */
  shedAt(number: number): number {
    const block = this.block(number);
    const index = block ? number - block.first : -1;
    if (!block || index < 0 || index >= block.size || block.levels[index] !== WARN) return 0;
    return Number(SHED.exec(block.message(index))?.[1] ?? 0);
  }

  /** The last notice before a line. */
  noticeBefore(number: number): number | undefined {
    for (const block of this.blocks.toReversed()) {
      for (let index = Math.min(number - block.first, block.size) - 1; index >= 0; index--) {
        if (block.levels[index] === WARN && SHED.test(block.message(index))) return block.first + index;
      }
    }
    return undefined;
  }

  line(number: number): Line | undefined {
    const block = this.block(number);
    const index = block ? number - block.first : -1;
    if (!block || index < 0 || index >= block.size) return undefined;
    return {
      time: block.times[index]!,
      level: LEVELS[block.levels[index]!]!,
      source: SOURCES[block.sources[index]!]!,
      device: this.devices.list[block.devices[index]!]!,
      module: this.modules.list[block.modules[index]!]!,
      message: block.message(index),
    };
  }

  /** The last line of a moment or before it; undefined when all came later. */
  at(time: number): number | undefined {
    const block = this.blocks.findLast((known) => known.times[0]! <= time);
    if (!block) return undefined;
    const after = firstThat(block.size, (index) => block.times[index]! > time);
    return block.first + after - 1;
  }

  /** The block that a line is in, or undefined beyond them all. */
  block(number: number): Block | undefined {
    const after = firstThat(this.blocks.length, (index) => this.blocks[index]!.first > number);
    return this.blocks[after - 1];
  }

  #put(block: Block, { time, level, source, device, module, message }: Line): void {
    const shed = level === "WARN" && SHED.exec(message);
    if (shed) this.shed += Number(shed[1]);
    const [moduleNumber, deviceNumber] = [this.modules.number(module), this.devices.number(device)];
    this.logcat ||= source === "logcat";
    block.push(time, LEVELS.indexOf(level), SOURCES.indexOf(source), moduleNumber, deviceNumber, message);
  }

  /** Whole blocks are made anew, so that many small edits leave no small blocks behind. */
  #replace(from: number, to: number, lines: Line[], places: number[]): void {
    const touched = this.blocks.filter((block) => block.first < to && block.first + block.size > from);
    const last = touched.at(-1);
    const [start, end] = [touched[0]?.first ?? from, last ? last.first + last.size : to];
    for (let number = start; number < end; number++) this.shed -= this.shedAt(number);
    const packed = this.#pack([...this.#lines(start, from), ...lines, ...this.#lines(to, end)], end);
    const before = this.blocks.filter((block) => block.first < start);
    const grown = lines.length - (to - from);
    for (const block of before) block.first -= grown;
    this.blocks.splice(before.length, touched.length, ...packed);
    this.epoch += 1;
    this.#edits.push({ epoch: this.epoch, from, to, places, grown });
    if (this.#edits.length > EDITS) this.#edits.shift();
  }

  #lines(from: number, to: number): Line[] {
    return Array.from({ length: to - from }, (_, i) => this.line(from + i)!);
  }

  /** Blocks of lines that end before a number. */
  #pack(lines: Line[], end: number): Block[] {
    const count = Math.ceil(lines.length / BLOCK);
    const size = Math.ceil(lines.length / count);
    return Array.from({ length: count }, (_, i) => {
      const block = new Block(end - lines.length + i * size);
      for (const line of lines.slice(i * size, (i + 1) * size)) this.#put(block, line);
      return block;
    });
  }

  /** Dropping a block at a time keeps the cost of a line constant. */
  #drop(): void {
    const [block] = this.blocks.splice(0, 1);
    this.lost += block!.size;
  }
}

/** Lines `from` until before `to` gave way to others; those before them moved to make room. */
interface Edit {
  epoch: number;
  from: number;
  to: number;
  /** Where each of them is among the others, as far as they are still there. */
  places: number[];
  grown: number;
}

function moved(number: number, { from, to, places, grown }: Edit): number {
  if (number >= to) return number;
  if (number < from) return number - grown;
  return from - grown + (places[number - from] ?? to - from + grown - 1);
}

export function lineOf({ timestamp, level, source, device_id, module_id, message }: LogEntry): Line {
  return { time: Date.parse(timestamp), level, source: source ?? "run", device: device_id, module: module_id, message };
}

function noticeOf(shed: number): string {
  return `${shed} log ${shed === 1 ? "entry was" : "entries were"} shed`;
}
