// A virtual table of fixed row height: rows exist for what is in sight, and are used again as it moves.
//
// Where it stands is kept as a line, not as pixels: lines found before it, or dropped, move nothing. Browsers end
// an element at some 16 million pixels; a longer log is shown on a shorter track, where the wheel still
// moves by pixels and the scrollbar by shares of the whole.

import { attribute, h, on } from "../dom";
import type { LogFilter } from "../logfilter";
import { LogRow, type Standing } from "./logrow";

export const ROW = 22;
const MARGIN_ROWS = 8;
/** How long after a turn of the wheel the scrolling is still the reader's. */
const HAND_MS = 500;
const TRACK = 8_000_000;
/** What moves further at once than this many heights is the scrollbar's doing. */
const LEAP = 4;
const SETTLED_MS = 150;

let tables = 0;

export class LogLines {
  readonly #body = h("div", { class: "xm-log-sizer", role: "rowgroup" });
  readonly element = h(
    "div",
    {
      class: "xm-log-scroll",
      role: "grid",
      "aria-label": "Log",
      "aria-multiselectable": "true",
      "aria-readonly": "true",
      tabindex: 0,
      "data-lm-suppress-shortcuts": "true",
    },
    this.#body,
  );
  readonly #name = `xm-log-${++tables}`;
  readonly #rows: LogRow[] = [];
  following = true;
  /** The line at the top, and how many pixels of it are above. */
  #anchor = { line: 0, above: 0 };
  /** Pixels from the first row to what is at the top. */
  #position = 0;
  /** Where the scrollbar was put, or was seen last. */
  #last = 0;
  /** How high the table is; asked for at each step, it would have the page laid out at each. 0 is unknown. */
  #height = 0;
  #touched = -Infinity;
  #held = false;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly filter: LogFilter,
    readonly standing: (line: number) => Standing,
    /** The reader scrolled. */
    readonly scrolled: () => void,
    signal: AbortSignal,
  ) {
    on(this.element, "scroll", signal, () => this.#scrolled());
    this.#watchHand(signal);
    // A notebook takes cells that are out of sight off the page, which forgets how far they were scrolled.
    const observer = new ResizeObserver(() => {
      this.#height = 0;
      this.#last = this.element.scrollTop;
      this.render();
    });
    observer.observe(this.element);
    signal.addEventListener("abort", () => {
      observer.disconnect();
      clearTimeout(this.#settling);
    });
  }

  /** How many rows are in sight. */
  get page(): number {
    return Math.max(1, Math.floor(this.height / ROW));
  }

  get height(): number {
    return (this.#height ||= this.element.clientHeight);
  }

  /** The number of the row that was clicked, if one was. */
  rowAt(target: Element): number | undefined {
    const index = target.closest<HTMLElement>(".xm-log-row")?.dataset["index"];
    return index === undefined ? undefined : Number(index);
  }

  /** Bring a row in sight. */
  reveal(row: number): void {
    this.go(row);
    this.render();
  }

  /** Have a row in sight from the next render on, in the middle when it is far off. */
  go(row: number): void {
    const [top, height] = [row * ROW, this.height];
    if (top < this.#position || top + ROW > this.#position + height) {
      const near = Math.abs(top - this.#position - height / 2) < height;
      const wanted = !near ? top - height / 2 : top < this.#position ? top : top + ROW - height;
      this.#stand(this.#clamped(wanted));
    }
    this.following = false;
  }

  /** Whether the reader is at the first row, and has gone there. */
  get atTop(): boolean {
    return !this.following && this.#position <= 0;
  }

  /** Lines have other numbers now. */
  renumber(moved: (line: number) => number): void {
    this.#anchor.line = moved(this.#anchor.line);
  }

  /** Name the row that has the keyboard's attention. */
  point(line: number | undefined): void {
    const row = this.#rows.find((known) => known.line === line && line !== undefined);
    attribute(this.element, "aria-activedescendant", row?.element.id);
  }

  render(): void {
    const { length } = this.filter;
    const height = Math.min(length * ROW, TRACK);
    this.#body.style.height = `${height}px`;
    attribute(this.element, "aria-rowcount", length);
    if (this.following) this.#position = this.#limit;
    else this.#position = this.#clamped(this.filter.rowOf(this.#anchor.line) * ROW + this.#anchor.above);
    this.#place();
    this.#draw();
  }

  /** Pixels that are out of sight when the last row is in it. */
  get #limit(): number {
    return Math.max(0, this.filter.length * ROW - this.height);
  }

  /** The same on the track. */
  get #trackLimit(): number {
    return Math.max(0, Math.min(this.filter.length * ROW, TRACK) - this.height);
  }

  #clamped(position: number): number {
    return Math.min(Math.max(0, position), this.#limit);
  }

  /** Keep to a position from now on. */
  #stand(position: number): void {
    this.#position = position;
    const row = Math.floor(position / ROW);
    this.#anchor = { line: this.filter.at(row) ?? 0, above: position - row * ROW };
  }

  /** Put the scrollbar where the position is. */
  #place(): void {
    const [limit, track] = [this.#limit, this.#trackLimit];
    const top = limit === track ? this.#position : (this.#position / limit) * track;
    if (Math.abs(this.#last - top) < 1) return;
    this.element.scrollTop = top;
    this.#last = this.element.scrollTop;
  }

  #scrolled(): void {
    const top = this.element.scrollTop;
    const moved = top - this.#last;
    if (Math.abs(moved) < 1) return;
    this.#last = top;
    const [limit, track] = [this.#limit, this.#trackLimit];
    const leap = Math.abs(moved) > LEAP * this.height || top <= 0 || top >= track - 1;
    this.#position = this.#clamped(limit === track ? top : leap ? (top / track) * limit : this.#position + moved);
    // Pages scroll for reasons of their own; only what the reader does by hand decides what is followed.
    if (this.#held || performance.now() - this.#touched < HAND_MS) {
      this.#stand(this.#position);
      this.following = this.#position >= limit - ROW;
      this.scrolled();
    }
    if (limit !== track) this.#settle();
    this.#draw();
  }

  /** On a shortened track, the scrollbar is put right when the scrolling is over. */
  #settle(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => (this.#held ? this.#settle() : this.#place()), SETTLED_MS);
  }

  #watchHand(signal: AbortSignal): void {
    for (const event of ["wheel", "touchmove", "keydown"] as const) {
      const touch = () => (this.#touched = performance.now());
      this.element.addEventListener(event, touch, { signal, passive: true });
    }
    on(this.element, "pointerdown", signal, () => (this.#held = true));
    for (const event of ["pointerup", "pointercancel"] as const) {
      addEventListener(event, () => (this.#held = false), { signal });
    }
  }

  #draw(): void {
    const first = Math.max(0, Math.floor(this.#position / ROW) - MARGIN_ROWS);
    const count = Math.ceil(this.height / ROW) + 2 * MARGIN_ROWS;
    while (this.#rows.length < count) {
      const row = new LogRow(`${this.#name}-${this.#rows.length}`);
      this.#rows.push(row);
      this.#body.append(row.element);
    }
    const shift = this.#last - this.#position;
    // A row that stays in sight stays the same element: a step of scrolling fills as many rows as it shows anew.
    const pool = this.#rows.length;
    for (let index = first; index < first + pool; index++) {
      const line = index < first + count ? this.filter.at(index) : undefined;
      this.#rows[index % pool]!.show(line, index, index * ROW + shift, this.filter, line === undefined ? "" : this.standing(line));
    }
  }
}
