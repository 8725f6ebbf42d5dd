// The log: a virtual table of fixed row height, with filters, that follows its tail.

import { attribute, h, icon, on, text } from "../dom";
import { plural, timeOfDay } from "../format";
import { LogFilter } from "../logbook";
import type { Level, LogEntry } from "../messages";
import type { Store } from "../store";

const ROW = 22;
const MARGIN_ROWS = 8;
/** How long after a turn of the wheel the scrolling is still the reader's. */
const HAND_MS = 500;
const LEVELS: Record<Level, string> = {
  DEBUG: "All levels",
  INFO: "Info and above",
  WARN: "Warnings and errors",
  ERROR: "Errors",
};

export class LogsView {
  readonly element: HTMLElement;
  readonly #filter: LogFilter;
  readonly #count = h("span", { class: "xm-log-count" });
  readonly #shed = h("span", { class: "xm-log-shed" });
  readonly #level = h(
    "select",
    { class: "xm-select", "aria-label": "Level", "data-lm-suppress-shortcuts": "true" },
    ...Object.entries(LEVELS).map(([value, label]) => h("option", { value }, label)),
  );
  readonly #search = h("input", {
    class: "xm-input",
    type: "search",
    placeholder: "Filter",
    "aria-label": "Filter the log",
    "data-lm-suppress-shortcuts": "true",
  });
  readonly #sizer = h("div", { class: "xm-log-sizer", role: "presentation" });
  readonly #scroller = h(
    "div",
    { class: "xm-log-scroll", role: "table", "aria-label": "Log", tabindex: 0 },
    this.#sizer,
  );
  readonly #latest = h("button", { type: "button", class: "xm-button xm-latest" }, icon("down"), "Jump to latest");
  readonly #empty = h("p", { class: "xm-empty" });
  readonly #detail = h("div", { class: "xm-log-detail" });
  readonly #rows: LogRow[] = [];
  #following = true;
  #top = 0;
  #touched = -Infinity;
  #held = false;
  #selected: LogEntry | undefined;

  constructor(
    readonly store: Store,
    signal: AbortSignal,
  ) {
    this.#filter = new LogFilter(store.logs);
    this.#detail.hidden = true;
    this.element = h(
      "section",
      { class: "xm-logs" },
      h(
        "div",
        { class: "xm-log-head" },
        h("h4", {}, "Log"),
        this.#count,
        this.#shed,
        h("span", { class: "xm-search" }, icon("search"), this.#search),
        this.#level,
      ),
      h("div", { class: "xm-log-body" }, this.#scroller, this.#empty, this.#latest),
      this.#detail,
    );
    on(this.#level, "change", signal, () => this.#ask());
    on(this.#search, "input", signal, () => this.#ask());
    on(this.#scroller, "scroll", signal, () => this.#scrolled());
    on(this.#scroller, "click", signal, (event) => this.#clicked(event));
    on(this.#latest, "click", signal, () => this.#follow());
    this.#watchHand(signal);
    // A notebook takes cells that are out of sight off the page, which forgets how far they were scrolled.
    const observer = new ResizeObserver(() => {
      if (!this.#following) this.#scroller.scrollTop = this.#top;
      this.#render();
    });
    observer.observe(this.#scroller);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  /** Pages scroll for reasons of their own; only what the reader does by hand decides what is followed. */
  #watchHand(signal: AbortSignal): void {
    for (const event of ["wheel", "touchmove", "keydown"] as const) {
      const touch = () => (this.#touched = performance.now());
      this.#scroller.addEventListener(event, touch, { signal, passive: true });
    }
    on(this.#scroller, "pointerdown", signal, () => (this.#held = true));
    for (const event of ["pointerup", "pointercancel"] as const) {
      addEventListener(event, () => (this.#held = false), { signal });
    }
  }

  update(): void {
    if (this.#filter.refresh()) this.#render();
    this.#tell();
  }

  #ask(): void {
    this.#filter.query = { level: this.#level.value as Level, text: this.#search.value };
    this.#filter.refresh();
    this.#render();
    this.#tell();
  }

  #tell(): void {
    const { entries, lost, shed } = this.store.logs;
    const shown = this.#filter.visible.length;
    const total = plural(entries.length, "line");
    text(this.#count, shown === entries.length ? total : `${shown.toLocaleString("en")} of ${total}`);
    const missing = [
      shed ? `${shed.toLocaleString("en")} shed` : "",
      lost ? `${lost.toLocaleString("en")} older not kept here` : "",
    ].filter(Boolean);
    text(this.#shed, missing.join(", "));
    this.#shed.hidden = missing.length === 0;
    attribute(this.#shed, "title", "The history keeps every line");
    this.#empty.hidden = shown > 0;
    text(this.#empty, entries.length ? "No line fits the filter" : "Nothing was logged yet");
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const byHand = this.#held || performance.now() - this.#touched < HAND_MS;
    if (byHand) {
      this.#following = scrollTop + clientHeight >= scrollHeight - ROW;
      this.#top = scrollTop;
    }
    this.#render();
  }

  #follow(): void {
    this.#following = true;
    this.#render();
    this.#scroller.focus({ preventScroll: true });
  }

  /** Rows exist for what is in sight only, and are used again as it moves. */
  #render(): void {
    const lines = this.#filter.visible;
    this.#sizer.style.height = `${lines.length * ROW}px`;
    attribute(this.#scroller, "aria-rowcount", lines.length);
    if (this.#following) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#latest.hidden = this.#following;
    const first = Math.max(0, Math.floor(this.#scroller.scrollTop / ROW) - MARGIN_ROWS);
    const count = Math.ceil(this.#scroller.clientHeight / ROW) + 2 * MARGIN_ROWS;
    while (this.#rows.length < count) {
      const row = new LogRow();
      this.#rows.push(row);
      this.#sizer.append(row.element);
    }
    this.#rows.forEach((row, i) => {
      const index = first + i;
      row.show(i < count ? lines[index] : undefined, index, lines[index] === this.#selected);
    });
  }

  /** A click opens a line in full, another closes it. */
  #clicked(event: MouseEvent): void {
    const index = (event.target as Element).closest<HTMLElement>(".xm-log-row")?.dataset["index"];
    const entry = index === undefined ? undefined : this.#filter.visible[Number(index)];
    if (!entry || getSelection()?.toString()) return;
    this.#selected = entry === this.#selected ? undefined : entry;
    this.#detail.hidden = this.#selected === undefined;
    if (this.#selected) {
      const { timestamp, level, device_id, module_id, message } = this.#selected;
      this.#detail.replaceChildren(
        h("p", { class: "xm-faint" }, [timestamp, level, device_id, module_id].join(" · ")),
        h("pre", { tabindex: 0 }, message),
      );
    }
    this.#render();
  }
}

class LogRow {
  readonly #time = h("span", { class: "xm-log-time", role: "cell" });
  readonly #level = h("span", { class: "xm-log-level", role: "cell" });
  readonly #module = h("span", { class: "xm-log-module", role: "cell" });
  readonly #message = h("span", { class: "xm-log-message", role: "cell" });
  readonly element = h(
    "div",
    { class: "xm-log-row", role: "row" },
    this.#time,
    this.#level,
    this.#module,
    this.#message,
  );
  #entry: LogEntry | undefined;

  show(entry: LogEntry | undefined, index: number, selected: boolean): void {
    this.element.hidden = entry === undefined;
    if (!entry) return;
    this.element.style.transform = `translateY(${index * ROW}px)`;
    attribute(this.element, "aria-rowindex", index + 1);
    attribute(this.element, "data-index", index);
    attribute(this.element, "data-selected", selected);
    if (entry === this.#entry) return;
    this.#entry = entry;
    attribute(this.element, "data-level", entry.level);
    text(this.#time, timeOfDay(entry.timestamp));
    text(this.#level, entry.level);
    text(this.#module, entry.module_id);
    text(this.#message, entry.message);
  }
}
