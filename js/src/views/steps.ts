// The table of steps: a row a step, and its attempts beneath when opened; only rows in sight are made.

import { attribute, children, h, icon, on, text } from "../dom";
import { plural } from "../format";
import type { ExecutionSnapshot } from "../messages";
import { RowHeights } from "../rows";
import { arranged, EVERYTHING, stepOf, stepSeconds, type Item, type SortKey, type StepQuery } from "../steplist";
import type { Store } from "../store";
import type { Screenshots } from "./screenshots";
import { StepRow } from "./steprow";

const ROW = 37;
/** Rows made beyond those in sight, on both sides. */
const MARGIN_ROWS = 4;
/** So many rows are all made: then the browser's own search finds them, too. */
const WHOLE = 60;
const TICK_MS = 250;
/** The table follows the cursor so much later: the picture of its moment comes first. */
const LATER_MS = 120;
const STATUSES: [StepQuery["status"], string][] = [
  ["", "All results"],
  ["failed", "Failed"],
  ["retried", "Tried again"],
  ["running", "Running"],
  ["completed", "Passed"],
  ["skipped", "Skipped"],
  ["pending", "To come"],
];
const HEADS: { sort: SortKey | undefined; label: string }[] = [
  { sort: "plan", label: "Step" },
  { sort: "duration", label: "Duration" },
  { sort: "status", label: "Result" },
  { sort: undefined, label: "Screen" },
];

export class StepsView {
  readonly element: HTMLElement;
  readonly #count = h("span", { class: "xm-faint" });
  readonly #search = h("input", {
    class: "xm-input",
    type: "search",
    placeholder: "Filter",
    "aria-label": "Filter the steps",
    "data-lm-suppress-shortcuts": "true",
  });
  readonly #status = select("Result", STATUSES);
  readonly #device = select("Device of the steps", [["", "All devices"]]);
  readonly #heads = HEADS.map(({ label }) => h("span", { role: "columnheader" }, label));
  readonly #above = h("div", { role: "presentation" });
  readonly #rows = h("div", { class: "xm-rows", role: "rowgroup" });
  readonly #below = h("div", { role: "presentation" });
  readonly #scroller = h(
    "div",
    { class: "xm-steps-scroll", role: "table", "aria-label": "Steps", tabindex: 0 },
    h("div", { class: "xm-step-head", role: "row" }, ...this.#heads),
    this.#above,
    this.#rows,
    this.#below,
  );
  readonly #empty = h("p", { class: "xm-empty" });
  readonly #heights = new RowHeights(ROW, MARGIN_ROWS);
  readonly #made = new Map<string, StepRow>();
  readonly #open = new Set<string>();
  /** The pauses on a failure whose step was opened: once is enough. */
  readonly #opened = new Set<string>();
  readonly #sizes: ResizeObserver;
  #state: ExecutionSnapshot | undefined;
  #query: StepQuery = EVERYTHING;
  #items: Item[] = [];
  #keys: string[] = [];
  #longest = 0;
  #several = false;
  #followed: string | undefined;
  #handled = false;
  #at: number | null = null;
  #revision: number | undefined;
  #live = true;
  #travelling: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly store: Store,
    readonly screenshots: Screenshots,
    readonly signal: AbortSignal,
  ) {
    this.element = h(
      "section",
      { class: "xm-steps", role: "group", "aria-label": "Steps" },
      h(
        "div",
        { class: "xm-steps-bar" },
        h("h3", {}, "Steps"),
        this.#count,
        h("span", { class: "xm-search" }, icon("search"), this.#search),
        this.#device,
        this.#status,
      ),
      this.#scroller,
      this.#empty,
    );
    this.#makeHeads(signal);
    on(this.#search, "input", signal, () => this.#ask({ text: this.#search.value }));
    on(this.#status, "change", signal, () => this.#ask({ status: this.#status.value as StepQuery["status"] }));
    on(this.#device, "change", signal, () => this.#ask({ device: this.#device.value }));
    store.results.follow((status) => this.#want(status), signal);
    on(this.#scroller, "scroll", signal, () => this.#render());
    on(this.#scroller, "keydown", signal, (event) => this.#key(event));
    // Once a reader scrolls by hand, the table stays where it was put.
    for (const event of ["wheel", "touchmove", "keydown"] as const) {
      this.#scroller.addEventListener(event, () => (this.#handled = true), { signal, passive: true });
    }
    this.#sizes = new ResizeObserver((entries) => this.#measured(entries));
    this.#sizes.observe(this.#scroller);
    const ticker = setInterval(() => this.#tick(), TICK_MS);
    signal.addEventListener("abort", () => {
      clearInterval(ticker);
      clearTimeout(this.#travelling);
      this.#sizes.disconnect();
    });
  }

  update(state: ExecutionSnapshot): void {
    const { revision, cursor } = this.store;
    if (revision !== this.#revision || cursor.live !== this.#live) this.#take(state);
    [this.#revision, this.#live] = [revision, cursor.live];
    const { at } = cursor;
    if (at !== this.#at) this.#travelling ??= setTimeout(() => this.#travel(), LATER_MS);
    else if (at === null) this.#follow(state);
  }

  #take(state: ExecutionSnapshot): void {
    const same = state.steps === this.#state?.steps;
    this.#state = state;
    if (!same) this.#arrange(state);
    this.#render();
    this.#openFailures(state);
  }

  /** Where a device is paused on a failure the reader wants to know why. */
  #openFailures({ paused = [] }: ExecutionSnapshot): void {
    for (const { device_id, reason, status, step_id, timestamp } of paused) {
      const pause = `${device_id} ${timestamp}`;
      if (reason !== "failure" || status !== "paused" || !step_id || this.#opened.has(pause)) continue;
      this.#opened.add(pause);
      this.#remember(step_id, true);
      this.#made.get(step_id)?.flip(true);
      if (!this.#handled) requestAnimationFrame(() => this.#showLast(step_id));
    }
  }

  /** Bring the attempt that failed last in sight, with its traceback. */
  #showLast(key: string): void {
    this.#reveal(key, true);
    const last = this.#made.get(key)?.element.querySelector<HTMLElement>(".xm-attempt:last-child");
    if (last) this.#unroll(last);
  }

  #travel(): void {
    const at = (this.#at = this.store.cursor.at);
    this.#travelling = undefined;
    if (at !== null) this.#reveal(stepOf(this.#items, at)?.step.step_id, true);
    this.#render();
  }

  /** Show the steps of one result; asked for the same again, all of them. */
  #want(status: StepQuery["status"]): void {
    this.#status.value = status === this.#query.status ? "" : status;
    this.#ask({ status: this.#status.value as StepQuery["status"] });
  }

  #ask(changes: Partial<StepQuery>): void {
    this.#query = { ...this.#query, ...changes };
    this.#handled = true;
    this.#scroller.scrollTop = 0;
    if (!this.#state) return;
    this.#arrange(this.#state);
    this.#render();
  }

  #arrange({ steps, devices }: ExecutionSnapshot): void {
    this.#items = arranged(steps, this.#query);
    this.#keys = this.#items.map(({ step }) => step.step_id);
    this.#several = devices.length > 1;
    this.#longest = Math.max(0, ...steps.map((step) => stepSeconds(step) ?? 0));
    const total = plural(steps.length, "step");
    const { length } = this.#items;
    text(this.#count, length === steps.length ? total : `${length.toLocaleString("en")} of ${total}`);
    this.#empty.hidden = length > 0;
    this.#scroller.hidden = length === 0;
    text(this.#empty, steps.length ? "No step fits the filter" : "No step has begun yet");
    this.#device.hidden = !this.#several;
    if (this.#several && this.#device.options.length !== devices.length + 1) {
      const options = devices.map(({ device_id }) => h("option", { value: device_id }, device_id));
      children(this.#device, [this.#device.options[0]!, ...options]);
    }
    attribute(this.#scroller, "aria-rowcount", length + 1);
    this.#scroller.style.setProperty("--digits", String(String(steps.length).length));
  }

  /** Rows exist for what is in sight; those that go out of it show what comes. */
  #render(): void {
    const keys = this.#keys;
    const whole = keys.length <= WHOLE;
    const { scrollTop, clientHeight } = this.#scroller;
    const range = whole
      ? { first: 0, end: keys.length, above: 0, below: 0 }
      : this.#heights.range(keys, scrollTop, clientHeight);
    const items = this.#items.slice(range.first, range.end);
    const free = this.#free(new Set(this.#keys.slice(range.first, range.end)));
    const shown = items.map((item, i) => {
      const key = item.step.step_id;
      const row = this.#made.get(key) ?? free.shift() ?? this.#make();
      this.#made.set(key, row);
      const [position, over, open] = [range.first + i, this.store.ended, this.#open.has(key)];
      row.update(item, { position, several: this.#several, over, open, at: this.#at });
      row.tick(this.store.now(), this.#longest);
      return row;
    });
    for (const row of free) this.#drop(row);
    children(
      this.#rows,
      shown.map((row) => row.element),
    );
    this.#above.style.height = `${range.above}px`;
    this.#below.style.height = `${range.below}px`;
  }

  /** Let go of the rows of other steps, in their order on the page: where all give way, none has to move. */
  #free(wanted: Set<string>): StepRow[] {
    const free: StepRow[] = [];
    // Hosts such as marimo show the view in a shadow tree, outside of which that is what has the keyboard.
    const focused = (this.element.getRootNode() as Document | ShadowRoot).activeElement ?? null;
    for (const [key, row] of this.#made) {
      if (wanted.has(key)) continue;
      this.#made.delete(key);
      // The keyboard stays with its step, and is lost with it.
      if (row.element.contains(focused)) this.#drop(row);
      else free.push(row);
    }
    free.sort((a, b) => (a.element.compareDocumentPosition(b.element) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
    if (this.#made.size) for (const { element } of free) element.remove();
    return free;
  }

  #make(): StepRow {
    const row = new StepRow(this.store, this.screenshots, ({ step_id }, open) => {
      this.#remember(step_id, open);
      if (open) requestAnimationFrame(() => this.#unroll(row.element));
    });
    this.#sizes.observe(row.element);
    return row;
  }

  #remember(key: string, open: boolean): void {
    if (open) this.#open.add(key);
    else this.#open.delete(key);
    attribute(this.#scroller, "data-open", this.#open.size > 0);
  }

  #drop(row: StepRow): void {
    this.#sizes.unobserve(row.element);
    row.close();
  }

  #measured(entries: ResizeObserverEntry[]): void {
    let changed = false;
    for (const { target, borderBoxSize } of entries) {
      const key = (target as HTMLElement).dataset["stepId"];
      const height = borderBoxSize[0]?.blockSize;
      if (key === undefined) changed = true;
      else if (height) changed = this.#heights.measure(key, height) || changed;
    }
    if (changed) this.#render();
  }

  #tick(): void {
    if (this.store.ended) return;
    for (const row of this.#made.values()) row.tick(this.store.now(), this.#longest);
  }

  /** Keep the running step in sight. */
  #follow(state: ExecutionSnapshot): void {
    const running = state.steps.find((step) => step.status === "running");
    if (!running || running.step_id === this.#followed || this.#handled || this.#query.sort !== "plan") return;
    this.#followed = running.step_id;
    this.#reveal(running.step_id, false);
  }

  /** Bring a step in sight, by moving the table and never the page. */
  #reveal(key: string | undefined, up: boolean): void {
    const index = key === undefined ? -1 : this.#keys.indexOf(key);
    if (index < 0) return;
    const { clientHeight, scrollTop } = this.#scroller;
    const head = this.#heads[0]!.parentElement!.offsetHeight;
    const top = this.#heights.top(this.#keys, index);
    const bottom = top + head + Math.min(this.#heights.of(key!), 2 * ROW) + ROW;
    if (bottom > scrollTop + clientHeight) this.#scroller.scrollTop = bottom - clientHeight;
    else if (up && top < scrollTop) this.#scroller.scrollTop = Math.max(0, top - ROW);
  }

  /** Bring what a step shows when opened in sight, and no more than fits. */
  #unroll(opened: HTMLElement): void {
    const [shown, place] = [opened.getBoundingClientRect(), this.#scroller.getBoundingClientRect()];
    const head = this.#heads[0]!.parentElement!.offsetHeight;
    const [below, above] = [shown.bottom - place.bottom, shown.top - place.top - head];
    if (below > 0) this.#scroller.scrollTop += Math.min(below, Math.max(0, above));
  }

  #makeHeads(signal: AbortSignal): void {
    HEADS.forEach(({ sort, label }, i) => {
      if (!sort) return;
      const button = h("button", { type: "button", class: "xm-sort" }, label);
      this.#heads[i]!.replaceChildren(button);
      on(button, "click", signal, () => {
        const reversed = this.#query.sort === sort && !this.#query.reversed;
        this.#ask({ sort, reversed });
        this.#showOrder();
      });
    });
    this.#showOrder();
  }

  #showOrder(): void {
    const { sort, reversed } = this.#query;
    HEADS.forEach((head, i) => {
      // The longest and the failed come first, where a reader counts downwards.
      const falling = (head.sort === "duration") !== reversed;
      attribute(this.#heads[i]!, "aria-sort", head.sort !== sort ? undefined : falling ? "descending" : "ascending");
    });
  }

  #key(event: KeyboardEvent): void {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || !(target instanceof HTMLElement)) return;
    const focused = target.closest<HTMLElement>(".xm-step-group")?.dataset["stepId"];
    if (target !== this.#scroller && !target.matches(".xm-step-go, .xm-step-toggle")) return;
    const index = focused === undefined ? -1 : this.#keys.indexOf(focused);
    const last = this.#keys.length - 1;
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / ROW) - 1);
    const places: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      PageDown: index + page,
      PageUp: index - page,
      Home: 0,
      End: last,
    };
    const row = focused === undefined ? undefined : this.#made.get(focused);
    if (key === "ArrowRight") row?.flip(true);
    else if (key === "ArrowLeft") row?.flip(false);
    else if (key === "Escape") this.store.cursor.set(null);
    else if (places[key] !== undefined) this.#focus(Math.max(0, Math.min(last, places[key])));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #focus(index: number): void {
    const key = this.#keys[index];
    if (key === undefined) return;
    this.#reveal(key, true);
    this.#render();
    this.#made.get(key)?.focus();
  }
}

function select(label: string, options: [string, string][]): HTMLSelectElement {
  return h(
    "select",
    { class: "xm-select", "aria-label": label, "data-lm-suppress-shortcuts": "true" },
    ...options.map(([value, words]) => h("option", { value }, words)),
  );
}
