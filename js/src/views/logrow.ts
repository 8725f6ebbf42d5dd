// One row of the log's table.

import { attribute, h, text } from "../dom";
import { timeOfDay } from "../format";
import type { LogFilter, LogQuery } from "../logfilter";
import type { Line } from "../logbook";

/** What is marked about a line, in words: "selected", "current", "cursor". */
export type Standing = string;

export class LogRow {
  readonly #time = h("span", { class: "xm-log-time", role: "gridcell" });
  readonly #level = h("span", { class: "xm-log-level", role: "gridcell" });
  readonly #device = h("span", { class: "xm-log-device", role: "gridcell" });
  readonly #module = h("span", { class: "xm-log-module", role: "gridcell" });
  readonly #message = h("span", { class: "xm-log-message", role: "gridcell" });
  readonly element: HTMLElement;
  /** The number of the line that it shows. */
  line: number | undefined;
  #query: LogQuery | undefined;
  #epoch = -1;

  constructor(id: string) {
    this.element = h(
      "div",
      { class: "xm-log-row", role: "row", id },
      this.#time,
      this.#level,
      this.#device,
      this.#module,
      this.#message,
    );
  }

  show(number: number | undefined, index: number, y: number, filter: LogFilter, standing: Standing): void {
    this.element.hidden = number === undefined;
    if (number === undefined) {
      this.line = undefined;
      return;
    }
    this.element.style.transform = `translateY(${y}px)`;
    attribute(this.element, "aria-rowindex", index + 1);
    attribute(this.element, "data-index", index);
    attribute(this.element, "data-standing", standing || undefined);
    attribute(this.element, "aria-selected", String(standing.includes("selected")));
    if (number === this.line && filter.query === this.#query && filter.book.epoch === this.#epoch) return;
    [this.line, this.#query, this.#epoch] = [number, filter.query, filter.book.epoch];
    const line = filter.book.line(number);
    if (line) this.#fill(line, filter);
  }

  #fill({ time, level, source, device, module, message }: Line, filter: LogFilter): void {
    attribute(this.element, "data-level", level);
    attribute(this.element, "data-source", source);
    text(this.#time, timeOfDay(time));
    text(this.#level, level);
    text(this.#device, device);
    text(this.#module, module);
    const end = message.indexOf("\n");
    const shown = end < 0 ? message : message.slice(0, end);
    const marks = filter.marks(shown);
    if (marks.length) this.#message.replaceChildren(...marked(shown, marks));
    else text(this.#message, shown);
    if (end < 0) return;
    const more = message.split("\n").length - 1;
    this.#message.append(h("span", { class: "xm-log-more" }, `+${more} ${more === 1 ? "line" : "lines"}`));
  }
}

/** A text with what was looked for marked in it. */
export function marked(words: string, marks: [number, number][]): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let done = 0;
  for (const [from, to] of marks) {
    if (from > done) parts.push(words.slice(done, from));
    parts.push(h("mark", {}, words.slice(from, to)));
    done = to;
  }
  if (done < words.length || !parts.length) parts.push(words.slice(done));
  return parts;
}
