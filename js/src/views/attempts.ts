// What an opened step shows: its attempts, each with its error, its actions and its screens.

import { momentOf, spanOf } from "../cursor";
import { attribute, children, h, icon, on, setIcon, text } from "../dom";
import { duration, timeOfDay } from "../format";
import type { Action, Attempt, Step } from "../messages";
import { attemptSeconds } from "../steplist";
import type { Store } from "../store";
import type { Screenshots } from "./screenshots";

interface Setting {
  store: Store;
  screenshots: Screenshots;
  signal: AbortSignal;
}

const WORDS: Record<Attempt["status"], string> = {
  running: "running",
  completed: "passed",
  failed: "failed",
  skipped: "skipped",
};

/** A step's attempts. What is on the page stays there: a reader may be in the midst of it. */
export class AttemptsView {
  readonly element = h("ol", { class: "xm-attempts", role: "list" });
  readonly #items = new Map<number, AttemptItem>();

  constructor(readonly setting: Setting) {}

  /** `longest` (seconds) is what the table's bars are measured by. */
  update(step: Step, longest: number): void {
    const scale = Math.max(longest, ...step.attempts.map((attempt) => attemptSeconds(attempt) ?? 0), 0.001);
    const shown = step.attempts.map((attempt) => {
      const item = this.#items.get(attempt.attempt) ?? new AttemptItem(this.setting);
      this.#items.set(attempt.attempt, item);
      item.update(step, attempt, scale);
      return item.element;
    });
    children(this.element, shown);
  }
}

class AttemptItem {
  readonly element = h("li", { class: "xm-attempt" });
  readonly #icon = icon("running");
  readonly #name = h("b");
  readonly #travel: Traveller;
  readonly #fill = h("span", { class: "xm-duration-fill" });
  readonly #facts = h("span", { class: "xm-faint" });
  readonly #code = h("code", { class: "xm-code" });
  readonly #message = h("span");
  readonly #error = h("p", { class: "xm-attempt-error" }, this.#code, " ", this.#message);
  readonly #traceback = h("pre", { class: "xm-traceback", tabindex: 0, role: "group", "aria-label": "Traceback" });
  readonly #fold = h("details", { class: "xm-traceback-fold" }, h("summary", {}, "Traceback"), this.#traceback);
  readonly #actions: ActionTree;
  readonly #words = h("div", { class: "xm-attempt-words" });
  readonly #body = h("div", { class: "xm-attempt-body" });
  readonly #head: HTMLElement;
  /** The screen when the attempt began, from the recording, and when it had ended; null where there is none. */
  #before: HTMLElement | null | undefined;
  #after: HTMLElement | undefined;
  #attempt: Attempt | undefined;

  constructor(readonly setting: Setting) {
    this.#travel = new Traveller(setting, this.#icon, this.#name);
    this.#actions = new ActionTree(setting);
    this.#head = h(
      "div",
      { class: "xm-attempt-head" },
      this.#travel.element,
      h("span", { class: "xm-duration-bar", "aria-hidden": "true" }, this.#fill),
      this.#facts,
    );
  }

  update(step: Step, attempt: Attempt, scale: number): void {
    const seconds = attemptSeconds(attempt);
    this.#fill.style.width = seconds ? `max(2px, ${((100 * seconds) / scale).toFixed(1)}%)` : "0";
    if (attempt === this.#attempt) return;
    attribute(this.element, "data-status", attempt.status);
    setIcon(this.#icon, attempt.status);
    text(this.#name, `Attempt ${attempt.attempt}`);
    this.#travel.to(momentOf(attempt));
    text(this.#facts, factsOf(attempt, seconds));
    this.#say(attempt, attempt === step.attempts.at(-1));
    this.#picture(step, attempt);
    this.#attempt = attempt;
    children(this.#body, [this.#words, this.#before, this.#after].filter((part) => !!part));
    const empty = this.#body.childElementCount === 1 && !this.#words.childElementCount;
    children(this.element, empty ? [this.#head] : [this.#head, this.#body]);
  }

  /** The traceback of the attempt that failed last is open until the reader shuts it. */
  #say(attempt: Attempt, last: boolean): void {
    const { error_code, error_message, actions = [], traceback } = attempt;
    text(this.#code, error_code ?? "");
    this.#code.hidden = !error_code;
    text(this.#message, error_message ?? "");
    text(this.#traceback, traceback ?? "");
    if (traceback && !this.#attempt?.traceback) this.#fold.open = last && attempt.status === "failed";
    this.#actions.update(attempt, actions);
    children(this.#words, [
      ...(error_code || error_message ? [this.#error] : []),
      ...(actions.length ? [this.#actions.element] : []),
      ...(traceback ? [this.#fold] : []),
    ]);
  }

  #picture(step: Step, attempt: Attempt): void {
    const { store, screenshots, signal } = this.setting;
    const of = `attempt ${attempt.attempt} of ${step.module_id}`;
    const span = spanOf(attempt);
    const { seek } = store.source;
    // What was not recorded yet while the attempt ran may be there at its end.
    if (this.#before === null && attempt.status !== this.#attempt?.status) this.#before = undefined;
    if (seek && span && this.#before === undefined) {
      const find = () => seek.call(store.source, step.device_id, span.from);
      const missing = () => {
        this.#before?.remove();
        this.#before = null;
      };
      const go = () => store.cursor.set(span.from);
      this.#before = captioned(screenshots.recorded(find, `Screen before ${of}`, signal, missing, go), "before");
    }
    if (attempt.screenshot_url && attempt.screenshot_url !== this.#attempt?.screenshot_url) {
      const go = () => span?.to !== undefined && store.cursor.set(span.to);
      const label = `Screen after ${of}`;
      const thumb = screenshots.thumbnail(attempt.screenshot_url, label, signal, "xm-thumb-large", go);
      this.#after = captioned(thumb, "after");
    }
  }
}

function factsOf(attempt: Attempt, seconds: number | undefined): string {
  const began = attempt.started_at ? `began ${timeOfDay(attempt.started_at)}` : "";
  const took = seconds === undefined ? "" : `took ${duration(seconds)}`;
  return [WORDS[attempt.status], began, took].filter(Boolean).join(" · ");
}

/** A button that leads to a moment, where one is known. */
class Traveller {
  readonly element: HTMLButtonElement;
  #at: number | undefined;

  constructor({ store, signal }: Setting, ...content: (Node | string)[]) {
    this.element = h("button", { type: "button", class: "xm-travel", title: "Go to this moment" }, ...content);
    on(this.element, "click", signal, () => this.#at !== undefined && store.cursor.set(this.#at));
  }

  to(at: number | undefined): void {
    this.#at = at;
    this.element.disabled = at === undefined;
  }
}

function captioned(picture: HTMLElement, words: string): HTMLElement {
  return h("figure", { class: "xm-figure" }, picture, h("figcaption", {}, words));
}

/** Actions as a tree, each with its part of the attempt's time. */
class ActionTree {
  readonly element = h("ul", { class: "xm-actions", role: "list" });
  readonly #lines = new Map<string, ActionLine>();

  constructor(readonly setting: Setting) {}

  update(attempt: Attempt, actions: Action[]): void {
    const span = spanOf(attempt);
    const total = Math.max(0.001, attemptSeconds(attempt) ?? lastEnd(actions, span?.from));
    const shown = nested(actions).map((action) => {
      const key = JSON.stringify([action.path, action.timestamp]);
      const line = this.#lines.get(key) ?? new ActionLine(this.setting, action);
      this.#lines.set(key, line);
      line.place(span?.from, total);
      return line.element;
    });
    children(this.element, shown);
  }
}

/** An action has ended when it is told of: only its part of the attempt's time can change. */
class ActionLine {
  readonly element: HTMLElement;
  readonly #bar = h("span", { class: "xm-action-fill" });
  readonly #begin: number;

  constructor(
    setting: Setting,
    readonly action: Action,
  ) {
    const end = Date.parse(action.timestamp);
    this.#begin = end - action.duration_seconds * 1000;
    const name = h("span", { class: "xm-action-name" }, action.path.at(-1) ?? "");
    const travel = new Traveller(setting, icon(action.status), name);
    travel.to(action.status === "failed" ? end : this.#begin);
    this.element = h(
      "li",
      { "data-status": action.status },
      travel.element,
      h("span", { class: "xm-action-bar", "aria-hidden": "true" }, this.#bar),
      h("span", { class: "xm-faint xm-seconds" }, duration(action.duration_seconds)),
    );
    this.element.style.setProperty("--depth", String(action.path.length - 1));
  }

  /** `from` is when the attempt began, `total` how many seconds it took. */
  place(from: number | undefined, total: number): void {
    if (from === undefined) return;
    this.#bar.style.left = `${percent((this.#begin - from) / 1000 / total)}%`;
    this.#bar.style.width = `${Math.max(1, percent(this.action.duration_seconds / total))}%`;
  }
}

function lastEnd(actions: Action[], from: number | undefined): number {
  const ends = actions.map(({ timestamp }) => Date.parse(timestamp));
  return from === undefined ? 0 : (Math.max(...ends) - from) / 1000;
}

function percent(share: number): number {
  return Math.round(1000 * Math.max(0, Math.min(1, share))) / 10;
}

/** Actions come when they end, the inner before the outer; they read the other way round. */
export function nested(actions: Action[]): Action[] {
  const groups: Action[][] = [];
  for (const action of actions) {
    const inner: Action[][] = [];
    while (groups.length && groups.at(-1)![0]!.path.length > action.path.length) inner.unshift(groups.pop()!);
    groups.push([action, ...inner.flat()]);
  }
  return groups.flat();
}
