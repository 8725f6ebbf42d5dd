// What an opened step shows: its attempts, each with its error, its actions and its screens.

import { momentOf, spanOf } from "../cursor";
import { h, icon, on } from "../dom";
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

/** A step's attempts; `longest` (seconds) is what the table's bars are measured by. */
export function attemptList(step: Step, longest: number, setting: Setting): HTMLElement {
  const scale = Math.max(longest, ...step.attempts.map((attempt) => attemptSeconds(attempt) ?? 0), 0.001);
  return h(
    "ol",
    { class: "xm-attempts", role: "list" },
    ...step.attempts.map((attempt) => attemptItem(step, attempt, scale, setting)),
  );
}

function attemptItem(step: Step, attempt: Attempt, scale: number, setting: Setting): HTMLElement {
  const { store, signal } = setting;
  const last = attempt === step.attempts.at(-1);
  const words = h("div", { class: "xm-attempt-words" });
  if (attempt.error_code || attempt.error_message) words.append(errorLine(attempt));
  if (attempt.actions?.length) words.append(actionList(attempt, attempt.actions, store, signal));
  if (attempt.traceback) words.append(tracebackOf(attempt.traceback, last && attempt.status === "failed"));
  const body = h("div", { class: "xm-attempt-body" }, words, ...screens(step, attempt, setting));
  return h(
    "li",
    { class: "xm-attempt", "data-status": attempt.status },
    attemptHead(attempt, scale, store, signal),
    ...(body.childElementCount > 1 || words.childElementCount ? [body] : []),
  );
}

function attemptHead(attempt: Attempt, scale: number, store: Store, signal: AbortSignal): HTMLElement {
  const seconds = attemptSeconds(attempt);
  const facts = [
    WORDS[attempt.status],
    attempt.started_at ? `began ${timeOfDay(attempt.started_at)}` : "",
    seconds === undefined ? "" : `took ${duration(seconds)}`,
  ].filter(Boolean);
  const fill = h("span", { class: "xm-duration-fill" });
  fill.style.width = seconds ? `max(2px, ${((100 * seconds) / scale).toFixed(1)}%)` : "0";
  return h(
    "div",
    { class: "xm-attempt-head" },
    traveller(store, momentOf(attempt), signal, icon(attempt.status), h("b", {}, `Attempt ${attempt.attempt}`)),
    h("span", { class: "xm-duration-bar", "aria-hidden": "true" }, fill),
    h("span", { class: "xm-faint" }, facts.join(" · ")),
  );
}

/** A button that leads to a moment; mere words where there is none. */
function traveller(store: Store, at: number | undefined, signal: AbortSignal, ...content: (Node | string)[]): HTMLElement {
  if (at === undefined) return h("span", { class: "xm-travel" }, ...content);
  const button = h("button", { type: "button", class: "xm-travel", title: "Go to this moment" }, ...content);
  on(button, "click", signal, () => store.cursor.set(at));
  return button;
}

function errorLine(attempt: Attempt): HTMLElement {
  const code = attempt.error_code ? [h("code", { class: "xm-code" }, attempt.error_code), " "] : [];
  return h("p", { class: "xm-attempt-error" }, ...code, attempt.error_message ?? "");
}

function tracebackOf(words: string, open: boolean): HTMLElement {
  return h(
    "details",
    { class: "xm-traceback-fold", open },
    h("summary", {}, "Traceback"),
    h("pre", { class: "xm-traceback", tabindex: 0, role: "group", "aria-label": "Traceback" }, words),
  );
}

/** The screen when the attempt began, from the recording, and when it had ended. */
function screens(step: Step, attempt: Attempt, { store, screenshots, signal }: Setting): HTMLElement[] {
  const of = `attempt ${attempt.attempt} of ${step.module_id}`;
  const span = spanOf(attempt);
  const pair: HTMLElement[] = [];
  const { seek } = store.source;
  if (seek && span) {
    const find = () => seek.call(store.source, step.device_id, span.from);
    const go = () => store.cursor.set(span.from);
    const thumb = screenshots.recorded(find, `Screen before ${of}`, signal, () => figure.remove(), go);
    const figure = captioned(thumb, "before");
    pair.push(figure);
  }
  if (attempt.screenshot_url) {
    const go = () => span?.to !== undefined && store.cursor.set(span.to);
    const label = `Screen after ${of}`;
    const thumb = screenshots.thumbnail(attempt.screenshot_url, label, signal, "xm-thumb-large", go);
    pair.push(captioned(thumb, "after"));
  }
  return pair;
}

function captioned(picture: HTMLElement, words: string): HTMLElement {
  return h("figure", { class: "xm-figure" }, picture, h("figcaption", {}, words));
}

/** Actions as a tree, each with its part of the attempt's time. */
function actionList(attempt: Attempt, actions: Action[], store: Store, signal: AbortSignal): HTMLElement {
  const span = spanOf(attempt);
  const total = Math.max(0.001, attemptSeconds(attempt) ?? lastEnd(actions, span?.from));
  return h(
    "ul",
    { class: "xm-actions", role: "list" },
    ...nested(actions).map((action) => {
      const end = Date.parse(action.timestamp);
      const begin = end - action.duration_seconds * 1000;
      const name = h("span", { class: "xm-action-name" }, action.path.at(-1) ?? "");
      const moment = action.status === "failed" ? end : begin;
      const bar = h("span", { class: "xm-action-fill" });
      if (span) {
        bar.style.left = `${percent((begin - span.from) / 1000 / total)}%`;
        bar.style.width = `${Math.max(1, percent(action.duration_seconds / total))}%`;
      }
      const line = h(
        "li",
        { "data-status": action.status },
        traveller(store, moment, signal, icon(action.status), name),
        h("span", { class: "xm-action-bar", "aria-hidden": "true" }, bar),
        h("span", { class: "xm-faint xm-seconds" }, duration(action.duration_seconds)),
      );
      line.style.setProperty("--depth", String(action.path.length - 1));
      return line;
    }),
  );
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
