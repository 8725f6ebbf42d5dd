// The course of an execution: devices as lanes, attempts as bars, and the cursor that goes anywhere on it.
//
// To a screen reader it is a slider, whose value says what happened at its moment.

import { executionSpan } from "../cursor";
import { attribute, children, h, icon, on, text } from "../dom";
import { duration, timeOfDay } from "../format";
import { barAt, lanesOf, neighbour, restAt, type Bar, type Lanes } from "../lanes";
import type { ExecutionSnapshot } from "../messages";
import { type Rest, restWords } from "../pauses";
import type { Store } from "../store";
import { panned, revealing, roomFor, sinceStart, zoomed, type Window } from "../timescale";
import { Tip } from "./timelinetip";
import { AXIS, momentAt, paint, place, Tones } from "./timelinepaint";

const TICK_MS = 250;
const KEY_ZOOM = 1.6;
/** A click this many pixels beside something that happened means that. */
const SNAP = 6;
const MOVED = 3;
const FINE_MS = 100;
/** Of how many devices is told what they do at a moment. */
const TOLD = 3;
const HINT = "Click or drag to look back";
const KEYS =
  "Arrow keys go from event to event, with Shift from failure to failure; + and -, or Ctrl and the wheel, zoom; " +
  "Escape goes back to the present.";

export class TimelineView {
  readonly element: HTMLElement;
  readonly #moment = h("span", { class: "xm-moment" });
  readonly #live = h("button", { type: "button", class: "xm-button xm-live" });
  readonly #names = h("div", { class: "xm-lane-names", "aria-hidden": "true" });
  readonly #canvas = h("canvas", { class: "xm-lanes", "aria-hidden": "true" });
  readonly #line = h("div", { class: "xm-cursor" });
  readonly #veil = h("div", { class: "xm-ahead" });
  readonly #tones = new Tones();
  readonly #tip: Tip;
  readonly #track: HTMLElement;
  #state: ExecutionSnapshot | undefined;
  #lanes: Lanes | undefined;
  /** What is zoomed to; undefined is all of it. */
  #zoom: Window | undefined;
  #following = true;
  #at: number | null = null;
  #width = 0;
  #drag: { pan: boolean; x: number; moved: boolean; window: Window } | undefined;

  constructor(
    readonly store: Store,
    signal: AbortSignal,
  ) {
    this.#tip = new Tip(store.source);
    this.#track = h(
      "div",
      {
        class: "xm-track",
        role: "slider",
        tabindex: 0,
        "aria-label": "Moment of the execution",
        "aria-description": KEYS,
        "aria-valuemin": 0,
        "data-lm-suppress-shortcuts": "true",
      },
      this.#canvas,
      this.#veil,
      this.#line,
      this.#tones.element,
    );
    this.element = h(
      "section",
      { class: "xm-timeline", role: "group", "aria-label": "Timeline" },
      h("div", { class: "xm-timeline-head" }, this.#moment, this.#zoomButtons(signal), this.#live),
      h("div", { class: "xm-timeline-body" }, this.#names, this.#track),
      this.#tip.element,
    );
    on(this.#live, "click", signal, () => this.#goLive());
    this.#hear(signal);
    const observer = new ResizeObserver(() => this.#resize());
    observer.observe(this.#track);
    const themes = new MutationObserver(() => this.#draw());
    themes.observe(document.body, { attributes: true });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw(), { signal });
    const ticker = setInterval(() => this.#tick(), TICK_MS);
    signal.addEventListener("abort", () => {
      observer.disconnect();
      themes.disconnect();
      clearInterval(ticker);
    });
  }

  update(state: ExecutionSnapshot): void {
    const { steps, errors, devices, status, started_at, paused, pauses } = this.#state ?? {};
    const same =
      steps === state.steps &&
      paused === state.paused &&
      pauses === state.pauses &&
      errors === state.errors &&
      devices?.length === state.devices.length &&
      status === state.status &&
      started_at === state.started_at;
    this.#state = state;
    if (!same || !this.#lanes) {
      const before = this.#lanes?.lanes.length;
      this.#lanes = lanesOf(state);
      if (this.#lanes.lanes.length !== before) this.#showNames();
    }
    const { at } = this.store.cursor;
    const moved = at !== this.#at;
    this.#at = at;
    if (moved && at !== null && this.#zoom) this.#zoom = revealing(this.#zoom, at, this.#bounds);
    if (!same || (moved && this.#zoom)) this.#draw();
    this.#showCursor();
  }

  get #ended(): boolean {
    return this.store.ended;
  }

  /** Until where time is known: the execution's end, or now. */
  get #now(): number {
    const last = this.#lanes?.moments.at(-1) ?? 0;
    const end = this.#state && executionSpan(this.#state)?.to;
    if (end !== undefined) return Math.max(end, last);
    return this.#state?.status === "pending" ? (this.#lanes?.origin ?? 0) : this.store.now();
  }

  /** All there is to see. A running execution's end is put off in large steps, so that little moves. */
  get #bounds(): Window {
    const from = this.#lanes?.origin ?? 0;
    const length = Math.max(1, this.#now - from);
    return { from, to: from + (this.#ended ? length : roomFor(length)) };
  }

  get #window(): Window {
    return this.#zoom ?? this.#bounds;
  }

  get #laneHeight(): number {
    return (this.#lanes?.lanes.length ?? 1) > 4 ? 24 : 30;
  }

  #tick(): void {
    if (this.#ended || !this.#lanes || this.#state?.status !== "running") return;
    if (this.#zoom && this.#following && this.store.cursor.live) {
      this.#zoom = revealing(this.#zoom, this.#now, this.#bounds);
    }
    this.#draw();
    this.#showCursor();
  }

  #resize(): void {
    const height = AXIS + (this.#lanes?.lanes.length ?? 1) * this.#laneHeight;
    const ratio = devicePixelRatio || 1;
    const width = this.#track.clientWidth;
    const wanted = [Math.round(width * ratio), Math.round(height * ratio)] as const;
    this.#width = width;
    if (this.#canvas.width !== wanted[0] || this.#canvas.height !== wanted[1]) {
      [this.#canvas.width, this.#canvas.height] = wanted;
      this.#canvas.style.height = `${height}px`;
    }
    this.#draw();
    this.#showCursor();
  }

  #draw(): void {
    const context = this.#canvas.getContext("2d");
    if (!context || !this.#lanes || !this.#width) return;
    const ratio = devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint(context, {
      lanes: this.#lanes,
      window: this.#window,
      now: this.#now,
      ended: this.#ended,
      width: this.#width,
      laneHeight: this.#laneHeight,
      palette: this.#tones.palette(),
      font: getComputedStyle(this.element).fontFamily,
    });
  }

  #showNames(): void {
    const lanes = this.#lanes!.lanes;
    const several = lanes.length > 1;
    this.#names.hidden = !several;
    this.element.style.setProperty("--lane", `${this.#laneHeight}px`);
    if (several && this.#names.childElementCount !== lanes.length) {
      children(
        this.#names,
        lanes.map(({ device }) => h("span", { title: device }, device)),
      );
    }
    this.#resize();
  }

  #showCursor(): void {
    if (!this.#lanes) return;
    const { at } = this.store.cursor;
    const now = this.#now;
    const x = this.#place(at ?? now);
    const seen = x >= 0 && x <= this.#width;
    this.#line.style.transform = `translateX(${x}px)`;
    this.#line.hidden = !seen || (at === null && this.#ended);
    attribute(this.#line, "data-live", at === null);
    this.#veil.style.transform = `translateX(${Math.max(0, x)}px)`;
    this.#veil.hidden = at === null || x > this.#width;
    const told = this.#told(at);
    text(this.#moment, at === null ? HINT : told);
    attribute(this.#moment, "data-live", at === null);
    attribute(this.#moment, "title", at === null ? KEYS : told);
    attribute(this.#track, "aria-valuemax", ((now - this.#lanes.origin) / 1000).toFixed(1));
    attribute(this.#track, "aria-valuenow", (((at ?? now) - this.#lanes.origin) / 1000).toFixed(1));
    attribute(this.#track, "aria-valuetext", at === null ? (this.#ended ? "the end" : "live") : told);
    showLive(this.#live, this.store);
  }

  /** What happened at a moment, in words. */
  #told(at: number | null): string {
    if (at === null || !this.#lanes) return "";
    const several = this.#lanes.lanes.length > 1;
    const doing = this.#lanes.lanes.flatMap((lane) => {
      const where = several ? ` on ${lane.device}` : "";
      const [bar, rest] = [barAt(lane, at, this.#now), restAt(lane, at, this.#now)];
      return [
        ...(bar ? [{ words: `${bar.step.module_id} ${outcome(bar, at)}${where}`, turn: turns(bar, at) }] : []),
        ...(rest ? [{ words: `paused ${restWords(rest)}${where}`, turn: turns(rest, at) }] : []),
      ];
    });
    // What happened in this very moment comes first.
    doing.sort((a, b) => Number(b.turn) - Number(a.turn));
    const told = doing.slice(0, TOLD).map(({ words }) => words);
    if (doing.length > TOLD) told.push(`${doing.length - TOLD} more`);
    const since = `${sinceStart(Math.max(0, at - this.#lanes.origin))} after the start`;
    return [timeOfDay(new Date(at).toISOString()), since, told.join(", ") || "no step running"].join(" · ");
  }

  #place(at: number): number {
    return place({ window: this.#window, width: this.#width }, at);
  }

  /** Go to a moment; what is not past yet is live. */
  #go(at: number): void {
    const { origin } = this.#lanes!;
    this.store.cursor.set(at >= this.#now ? null : Math.max(origin, Math.round(at)));
  }

  #goLive(): void {
    this.#following = true;
    this.store.cursor.set(null);
    if (this.#zoom) this.#look(revealing(this.#zoom, this.#now, this.#bounds));
  }

  /** Show a window; all of it, when it is as long as that. */
  #look(window: Window): void {
    const bounds = this.#bounds;
    const all = window.to - window.from >= bounds.to - bounds.from;
    this.#zoom = all ? undefined : window;
    this.#following = all || (window.from <= this.#now && this.#now <= window.to);
    attribute(this.#track, "data-zoomed", !all);
    this.#draw();
    this.#showCursor();
  }

  #zoomBy(factor: number, around = this.store.cursor.at ?? this.#now): void {
    if (this.#lanes) this.#look(zoomed(this.#window, factor, around, this.#bounds));
  }

  #zoomButtons(signal: AbortSignal): HTMLElement {
    const make = (name: "minus" | "fit" | "plus", label: string, act: () => void) => {
      const button = h("button", { type: "button", class: "xm-button", "aria-label": label, title: label }, icon(name));
      on(button, "click", signal, act);
      return button;
    };
    return h(
      "span",
      { class: "xm-zoom", role: "group", "aria-label": "Zoom" },
      make("minus", "Zoom out (-)", () => this.#zoomBy(1 / KEY_ZOOM)),
      make("fit", "Show all of it (0)", () => this.#look(this.#bounds)),
      make("plus", "Zoom in (+)", () => this.#zoomBy(KEY_ZOOM)),
    );
  }

  #hear(signal: AbortSignal): void {
    const track = this.#track;
    on(track, "keydown", signal, (event) => this.#key(event));
    track.addEventListener("wheel", (event) => this.#wheel(event), { signal, passive: false });
    on(track, "pointerdown", signal, (event) => this.#press(event));
    on(track, "pointermove", signal, (event) => this.#move(event));
    for (const event of ["pointerup", "pointercancel"] as const) on(track, event, signal, () => (this.#drag = undefined));
    on(track, "pointerleave", signal, () => this.#tip.hide());
  }

  #key(event: KeyboardEvent): void {
    if (!this.#lanes || event.ctrlKey || event.metaKey || event.altKey) return;
    const { moments, failures, origin } = this.#lanes;
    const at = this.store.cursor.at ?? this.#now;
    const step = (direction: 1 | -1) => {
      const next = neighbour(event.shiftKey ? failures : moments, at, direction);
      if (next !== undefined) this.#go(next);
      else if (direction > 0 && !event.shiftKey) this.#goLive();
    };
    const page = (this.#window.to - this.#window.from) * 0.8;
    const keys: Record<string, () => void> = {
      ArrowLeft: () => step(-1),
      ArrowDown: () => step(-1),
      ArrowRight: () => step(1),
      ArrowUp: () => step(1),
      ",": () => this.#go(at - FINE_MS),
      ".": () => this.#go(at + FINE_MS),
      Home: () => this.#go(origin),
      End: () => this.#go(moments.at(-1) ?? this.#now),
      PageUp: () => this.#look(panned(this.#window, -page, this.#bounds)),
      PageDown: () => this.#look(panned(this.#window, page, this.#bounds)),
      "+": () => this.#zoomBy(KEY_ZOOM),
      "=": () => this.#zoomBy(KEY_ZOOM),
      "-": () => this.#zoomBy(1 / KEY_ZOOM),
      "0": () => this.#look(this.#bounds),
      Escape: () => this.#goLive(),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  /** A plain turn of the wheel scrolls the page, unless the timeline has the focus. */
  #wheel(event: WheelEvent): void {
    if (!this.#lanes) return;
    const scale = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const sideways = (event.shiftKey ? event.deltaX || event.deltaY : event.deltaX) * scale;
    const modified = event.ctrlKey || event.metaKey;
    const before = this.#window;
    if (modified || (!event.shiftKey && this.#track.matches(":focus") && Math.abs(event.deltaY) > Math.abs(event.deltaX))) {
      const around = momentAt({ window: before, width: this.#width }, this.#x(event));
      this.#zoomBy(Math.exp(-event.deltaY * scale * 0.0025), around);
    } else if (sideways) {
      this.#look(panned(before, (sideways * (before.to - before.from)) / this.#width, this.#bounds));
    }
    const after = this.#window;
    // At its limits the page has the wheel again; with Ctrl the page would zoom.
    if (modified || after.from !== before.from || after.to !== before.to) event.preventDefault();
  }

  #x(event: MouseEvent): number {
    return event.clientX - this.#track.getBoundingClientRect().left;
  }

  #y(event: MouseEvent): number {
    return event.clientY - this.#track.getBoundingClientRect().top;
  }

  #press(event: PointerEvent): void {
    if (event.button !== 0 || !this.#lanes) return;
    this.#track.setPointerCapture(event.pointerId);
    const pan = this.#y(event) < AXIS && this.#zoom !== undefined;
    const x = this.#x(event);
    this.#drag = { pan, x, moved: false, window: this.#window };
    this.#tip.hide();
    if (!pan) this.#go(this.#snapped(x));
  }

  #move(event: PointerEvent): void {
    const x = this.#x(event);
    const drag = this.#drag;
    if (!drag) return this.#hover(event, x);
    drag.moved ||= Math.abs(x - drag.x) > MOVED;
    if (!drag.moved || !this.#width) return;
    const { from, to } = drag.window;
    if (drag.pan) this.#look(panned(drag.window, ((drag.x - x) * (to - from)) / this.#width, this.#bounds));
    else this.#go(momentAt({ window: this.#window, width: this.#width }, x));
  }

  #snapped(x: number): number {
    const at = momentAt({ window: this.#window, width: this.#width }, x);
    const near = (moments: number[]) =>
      [neighbour(moments, at, 1), neighbour(moments, at, -1)]
        .filter((moment) => moment !== undefined && Math.abs(this.#place(moment) - x) <= SNAP)
        .sort((a, b) => Math.abs(a! - at) - Math.abs(b! - at))[0];
    return near(this.#lanes!.failures) ?? near(this.#lanes!.moments) ?? at;
  }

  #hover(event: PointerEvent, x: number): void {
    const lanes = this.#lanes;
    if (!lanes || event.pointerType === "touch") return;
    const lane = lanes.lanes[Math.floor((this.#y(event) - AXIS) / this.#laneHeight)];
    const { from, to } = this.#window;
    const at = momentAt({ window: this.#window, width: this.#width }, x);
    const slack = ((to - from) / Math.max(1, this.#width)) * 2;
    const bar = lane && barAt(lane, at, this.#now, slack);
    const error = [...(lane?.errors ?? []), ...lanes.errors].find(
      ({ timestamp }) => Math.abs(this.#place(Date.parse(timestamp)) - x) <= SNAP,
    );
    const rest = lane && !bar ? restAt(lane, at, this.#now) : undefined;
    if (!bar && !error && !rest) return this.#tip.hide();
    this.#tip.show({ bar, rest, error, now: this.#now, ended: this.#ended }, this.element, event);
  }
}

/** Whether it begins or ends in this very moment. */
function turns({ from, to }: Bar | Rest, at: number): boolean {
  return from === at || to === at;
}

function outcome(bar: Bar, at: number): string {
  if (bar.to === undefined || at < bar.to) return bar.attempt.attempt > 1 ? `running (attempt ${bar.attempt.attempt})` : "running";
  const took = duration((bar.to - bar.from) / 1000);
  return { running: "running", completed: "passed", failed: "failed", skipped: "skipped" }[bar.attempt.status] + ` after ${took}`;
}

/** The way back to the present, wherever a past moment is shown. */
export function showLive(button: HTMLButtonElement, store: Store): void {
  const { live } = store.cursor;
  const words = store.ended ? (live ? "At the end" : "Back to the end") : live ? "Live" : "Back to live";
  attribute(button, "data-live", live);
  attribute(button, "aria-disabled", live || undefined);
  if (button.textContent !== words) button.replaceChildren(h("span", { class: "xm-live-dot", "aria-hidden": "true" }), words);
}
