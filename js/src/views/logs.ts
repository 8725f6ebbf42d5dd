// The log: filters, a virtual table that follows its tail or stands still, and the line that was opened.

import { copy } from "../clipboard";
import { attribute, h, icon, on, text } from "../dom";
import { plural } from "../format";
import type { Line } from "../logbook";
import { LogFilter } from "../logfilter";
import type { Store } from "../store";
import { LogLines } from "./loglines";
import { marked, type Standing } from "./logrow";
import { LogTools } from "./logtools";

const KEYS =
  "Arrow keys go from line to line, with Shift they select; Enter opens a line and goes to its moment; " +
  "Ctrl+C copies, Ctrl+A selects all; slash goes to the filter; Escape closes.";
const SAID_MS = 2_500;

export class LogsView {
  readonly element: HTMLElement;
  readonly #filter: LogFilter;
  readonly #tools: LogTools;
  readonly #lines: LogLines;
  readonly #count = h("span", { class: "xm-log-count" });
  readonly #missing = h("span", { class: "xm-log-shed", title: "The history keeps every line" });
  readonly #earlier = h("button", { type: "button", class: "xm-button xm-earlier" }, "Load earlier");
  readonly #shed = h("button", { type: "button", class: "xm-button xm-load-shed" }, "Load shed");
  readonly #copy = h("button", { type: "button", class: "xm-button xm-copy" }, icon("copy"), "Copy");
  readonly #newestText = h("span");
  readonly #newest = h("button", { type: "button", class: "xm-button xm-latest" }, icon("down"), this.#newestText);
  readonly #empty = h("p", { class: "xm-empty" });
  readonly #said = h("span", { class: "xm-hidden", role: "status" });
  readonly #detailHead = h("p", { class: "xm-faint" });
  readonly #detailText = h("pre", { tabindex: 0, role: "group", "aria-label": "Message" });
  readonly #these = h("button", { type: "button", class: "xm-button" }, "Load these");
  readonly #close = h("button", { type: "button", class: "xm-button", "aria-label": "Close the line" }, icon("close"));
  readonly #detail = h(
    "div",
    { class: "xm-log-detail", role: "group", "aria-label": "The opened line" },
    h("div", { class: "xm-log-detail-head" }, this.#detailHead, this.#these, this.#close),
    this.#detailText,
  );
  /** The lines from where the selection began to where the reader is. */
  #anchor: number | undefined;
  #current: number | undefined;
  #opened: number | undefined;
  #cursor: number | null = null;
  #marked: number | undefined;
  /** Whether the tail was followed before the cursor led elsewhere. */
  #followed = true;
  /** The newest line when the reader left the tail. */
  #left = 0;
  /** The book's, for which all these numbers are. */
  #epoch = 0;
  #saying: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly store: Store,
    signal: AbortSignal,
  ) {
    this.#filter = new LogFilter(store.logs, () => this.#show());
    this.#tools = new LogTools(() => this.#ask(), () => this.#lines.element.focus({ preventScroll: true }), signal);
    this.#lines = new LogLines(this.#filter, (line) => this.#standing(line), () => this.#scrolled(), signal);
    attribute(this.#lines.element, "aria-description", KEYS);
    this.#detail.hidden = true;
    this.element = h(
      "section",
      { class: "xm-logs", role: "group", "aria-label": "Log" },
      h(
        "div",
        { class: "xm-log-head" },
        h("h3", {}, "Log"),
        this.#count,
        this.#missing,
        this.#shed,
        this.#earlier,
        this.#copy,
        this.#tools.element,
      ),
      h("div", { class: "xm-log-body" }, this.#lines.element, this.#empty, this.#newest),
      this.#detail,
      this.#said,
    );
    on(this.#lines.element, "click", signal, (event) => this.#clicked(event));
    on(this.#lines.element, "keydown", signal, (event) => this.#key(event));
    on(this.#newest, "click", signal, () => this.#follow());
    on(this.#close, "click", signal, () => this.#shut());
    on(this.#copy, "click", signal, () => void this.#copyLines());
    on(this.#earlier, "click", signal, () => this.#loadEarlier());
    on(this.#these, "click", signal, () => this.#loadThese());
    on(this.#shed, "click", signal, () => void this.store.backlog?.shed());
    signal.addEventListener("abort", () => {
      this.#filter.close();
      clearTimeout(this.#saying);
    });
  }

  update(): void {
    this.#renumber();
    this.#tools.offer(this.store.logs);
    attribute(this.element, "data-devices", this.store.logs.devices.list.length > 1);
    this.#filter.refresh();
    this.#goWithCursor();
    this.#show();
  }

  /** Lines that were loaded give others new numbers: the reader's place is the same line as before. */
  #renumber(): void {
    const { logs } = this.store;
    const moved = (line: number) => logs.moved(line, this.#epoch);
    const kept = (line: number | undefined) => (line === undefined ? undefined : moved(line));
    [this.#anchor, this.#current, this.#opened] = [this.#anchor, this.#current, this.#opened].map(kept);
    this.#left = moved(this.#left);
    this.#lines.renumber(moved);
    this.#epoch = logs.epoch;
  }

  #show(): void {
    this.#lines.render();
    this.#tell();
  }

  #ask(): void {
    this.#filter.query = this.#tools.query;
    this.#filter.refresh();
    this.#show();
  }

  #tell(): void {
    const { logs } = this.store;
    const shown = this.#filter.length;
    const total = plural(logs.length, "line");
    const found = `${shown.toLocaleString("en")} of ${total}${this.#filter.done ? "" : "…"}`;
    text(this.#count, this.#filter.all ? total : found);
    this.#tellMissing();
    this.#empty.hidden = shown > 0 || !this.#filter.done;
    text(this.#empty, logs.length ? "No line fits the filter" : "Nothing was logged yet");
    this.#tools.complain(this.#filter.problem);
    if (this.#lines.following) this.#left = logs.end - 1;
    this.#newest.hidden = this.#lines.following || shown === 0;
    const came = shown - this.#filter.rowOf(this.#left + 1);
    text(this.#newestText, came > 0 ? `${came.toLocaleString("en")} new` : "Newest");
    const [from, to] = this.#selection();
    attribute(this.#copy, "title", to - from > 1 ? "Copy the selected lines" : "Copy all lines that are shown");
    this.#lines.point(this.#current);
  }

  /** What is not among the lines, and what of it can be loaded. */
  #tellMissing(): void {
    const { logs, backlog } = this.store;
    const older = backlog ? "earlier" : "older not kept here";
    const missing = [
      logs.shed ? `${logs.shed.toLocaleString("en")} shed` : "",
      logs.lost ? `${logs.lost.toLocaleString("en")} ${older}` : "",
    ].filter(Boolean);
    const refused = backlog?.refused && missing.length ? ` (${backlog.refused})` : "";
    text(this.#missing, missing.join(", ") + refused);
    this.#missing.hidden = missing.length === 0;
    this.#earlier.hidden = !backlog?.hasEarlier;
    this.#shed.hidden = !backlog || !logs.shed;
    this.element.toggleAttribute("data-loading", Boolean(backlog?.loading));
    for (const button of [this.#earlier, this.#shed, this.#these]) {
      attribute(button, "aria-disabled", backlog?.loading);
    }
  }

  /** Go to the first line; those before it come above it. */
  #loadEarlier(): void {
    this.#lines.reveal(0);
    this.#followed = false;
    void this.store.backlog?.earlier();
    this.#tell();
  }

  /** Load what the opened notice tells of. */
  #loadThese(): void {
    const notice = this.#opened;
    this.#shut();
    void this.store.backlog?.shed(notice);
  }

  #scrolled(): void {
    this.#followed = this.#lines.following;
    if (this.#lines.atTop && this.#filter.all && this.store.backlog?.hasEarlier) void this.store.backlog.earlier();
    this.#tell();
  }

  #follow(): void {
    this.store.cursor.set(null);
    this.#lines.following = this.#followed = true;
    this.#show();
    this.#lines.element.focus({ preventScroll: true });
  }

  #standing(line: number): Standing {
    const [anchor, current] = [this.#anchor, this.#current];
    const words = [];
    if (anchor !== undefined && current !== undefined) {
      if (line >= Math.min(anchor, current) && line <= Math.max(anchor, current)) words.push("selected");
    }
    if (line === current) words.push("current");
    if (line === this.#marked) words.push("cursor");
    return words.join(" ");
  }

  /** The cursor may have moved elsewhere: then its line is shown; back at the present, the tail again. */
  #goWithCursor(): void {
    const { at } = this.store.cursor;
    const moved = at !== this.#cursor;
    if (moved && at === null) this.#lines.following = this.#followed;
    if (moved && this.#cursor === null) this.#followed = this.#lines.following;
    this.#cursor = at;
    const line = at === null ? undefined : this.store.logs.at(at);
    const row = line === undefined ? -1 : this.#filter.rowOf(line + 1) - 1;
    const own = this.#opened !== undefined && at === this.store.logs.line(this.#opened)?.time;
    this.#marked = own ? this.#opened : row < 0 ? undefined : this.#filter.at(row);
    if (moved && at !== null && !own) {
      if (row >= 0) this.#lines.go(row);
      this.#lines.following = false;
    }
  }

  #clicked(event: MouseEvent): void {
    const row = this.#lines.rowAt(event.target as Element);
    if (row === undefined || getSelection()?.toString()) return;
    const line = this.#filter.at(row);
    if (line === undefined) return;
    if (event.shiftKey && this.#current !== undefined) return this.#goTo(row, true);
    this.#anchor = this.#current = line;
    if (line === this.#opened) this.#shut();
    else this.#open(line);
  }

  /** Show a line in full, and have everything show its moment. */
  #open(number: number): void {
    const line = this.store.logs.line(number);
    if (!line) return;
    this.#opened = number;
    this.#detail.hidden = false;
    const { level, source, device, module, message } = line;
    this.#these.hidden = !this.store.backlog || !this.store.logs.shedAt(number);
    const words = [new Date(line.time).toISOString(), level, device, module, ...(source === "logcat" ? ["logcat"] : [])];
    text(this.#detailHead, words.join(" · "));
    this.#detailText.replaceChildren(...marked(message, this.#filter.marks(message)));
    if (this.#cursor === null) this.#followed = this.#lines.following;
    this.#lines.reveal(this.#filter.rowOf(number));
    this.store.cursor.set(line.time);
    this.#show();
  }

  #shut(): void {
    if (this.#opened !== undefined) this.store.cursor.set(null);
    this.#opened = undefined;
    this.#detail.hidden = true;
    this.#show();
    this.#lines.element.focus({ preventScroll: true });
  }

  #key(event: KeyboardEvent): void {
    const command = event.ctrlKey || event.metaKey;
    if (event.altKey) return;
    const here = this.#current === undefined ? this.#filter.length : this.#filter.rowOf(this.#current);
    const page = this.#lines.page - 1;
    const keys: Record<string, () => void> = command
      ? { c: () => void this.#copyLines(), a: () => this.#selectAll(), Home: () => this.#goTo(0), End: () => this.#goTo(Infinity) }
      : {
          ArrowDown: () => this.#goTo(here + 1, event.shiftKey),
          ArrowUp: () => this.#goTo(here - 1, event.shiftKey),
          PageDown: () => this.#goTo(here + page, event.shiftKey),
          PageUp: () => this.#goTo(here - page, event.shiftKey),
          Home: () => this.#goTo(0, event.shiftKey),
          End: () => this.#goTo(Infinity, event.shiftKey),
          Enter: () => this.#current !== undefined && this.#open(this.#current),
          "/": () => this.#tools.focus(),
          Escape: () => this.#escape(),
        };
    const act = keys[event.key];
    if (!act || (command && event.key === "c" && getSelection()?.toString())) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  #goTo(row: number, select = false): void {
    const { length } = this.#filter;
    if (!length) return;
    const wanted = Math.min(Math.max(0, row), length - 1);
    this.#current = this.#filter.at(wanted);
    if (!select) this.#anchor = this.#current;
    this.#lines.reveal(wanted);
    this.#tell();
  }

  #selectAll(): void {
    this.#anchor = this.#filter.at(0);
    this.#current = this.#filter.at(this.#filter.length - 1);
    this.#show();
  }

  #escape(): void {
    this.#anchor = this.#current = undefined;
    this.#shut();
  }

  /** The rows that are selected, from the first until before the last. */
  #selection(): [number, number] {
    if (this.#anchor === undefined || this.#current === undefined) return [0, 0];
    const [a, b] = [this.#filter.rowOf(this.#anchor), this.#filter.rowOf(this.#current)];
    return [Math.min(a, b), Math.min(this.#filter.length, Math.max(a, b) + 1)];
  }

  /** Copy the selected lines, or all that are shown; from the keyboard also a single one. */
  async #copyLines(): Promise<void> {
    const [from, to] = this.#selection();
    const single = to - from === 1 && document.activeElement === this.#lines.element;
    const [first, last] = to - from > 1 || single ? [from, to] : [0, this.#filter.length];
    const lines: string[] = [];
    for (let row = first; row < last; row++) {
      const line = this.store.logs.line(this.#filter.at(row)!);
      if (line) lines.push(written(line));
    }
    const done = await copy(lines.join("\n"));
    this.#say(done ? `Copied ${plural(lines.length, "line")}` : "The browser did not allow to copy");
  }

  #say(words: string): void {
    text(this.#said, words);
    this.#copy.lastChild!.textContent = words;
    clearTimeout(this.#saying);
    this.#saying = setTimeout(() => (this.#copy.lastChild!.textContent = "Copy"), SAID_MS);
  }
}

/** A line as text, as it is pasted elsewhere. */
function written({ time, level, device, module, message }: Line): string {
  return `${new Date(time).toISOString()} ${level.padEnd(5)} ${device} ${module}: ${message}`;
}
