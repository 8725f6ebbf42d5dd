// The log's lines in columns: a million of them take about what their text takes.
//
// Lines are numbered from the execution's first. Blocks of them keep one string for all messages, so that a
// search goes through long stretches of text and not from object to object.

import type { Level, LogEntry } from "./messages";

const SHED = /^(\d+) log entr(?:y was|ies were) shed$/;
export const LEVELS: readonly Level[] = ["DEBUG", "INFO", "WARN", "ERROR"];
/** Who wrote a line: the run itself, or the device in its own log. */
export const SOURCES = ["run", "logcat"] as const;
export type LogSource = (typeof SOURCES)[number];

/** Lines in a block. */
const BLOCK = 4096;

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
  /** Changes whenever lines were taken away or put before the others, so that a filter knows to begin anew. */
  epoch = 0;
  readonly modules = new Names();
  readonly devices = new Names();
  /** Whether a device's own log is among the lines. */
  logcat = false;
  readonly blocks: Block[] = [];

  constructor(readonly capacity = 1_000_000) {}

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
    const shed = entry.level === "WARN" && SHED.exec(entry.message);
    if (shed) this.shed += Number(shed[1]);
    let block = this.blocks.at(-1);
    if (!block || block.full) {
      block = new Block(this.end);
      this.blocks.push(block);
    }
    this.#put(block, entry);
    if (this.length > this.capacity) this.#drop();
  }

  /** Put older lines before those that are kept, in their order; `lost` are still before them. */
  addBefore(entries: LogEntry[], lost = Math.max(0, this.lost - entries.length)): void {
    const blocks: Block[] = [];
    let first = this.first - entries.length;
    for (let from = 0; from < entries.length; from += BLOCK) {
      const block = new Block(first);
      for (const entry of entries.slice(from, from + BLOCK)) this.#put(block, entry);
      blocks.push(block);
      first += block.size;
    }
    this.blocks.unshift(...blocks);
    this.lost = lost;
    this.epoch += 1;
  }

  clear(lost = 0): void {
    this.blocks.length = 0;
    this.lost = lost;
    this.shed = 0;
    this.epoch += 1;
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

  #put(block: Block, { timestamp, level, module_id, device_id, message, source }: LogEntry): void {
    const [module, device] = [this.modules.number(module_id), this.devices.number(device_id)];
    const logcat = source === "logcat";
    this.logcat ||= logcat;
    block.push(Date.parse(timestamp), LEVELS.indexOf(level), Number(logcat), module, device, message);
  }

  /** Dropping a block at a time keeps the cost of a line constant. */
  #drop(): void {
    const [block] = this.blocks.splice(0, 1);
    this.lost += block!.size;
  }
}

/** The first of `count` numbers of which something holds that holds of all that follow; `count` if of none. */
export function firstThat(count: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
