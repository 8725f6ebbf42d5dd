// What an opened step shows: its attempts, each with its error and its actions.

import { h, icon } from "../dom";
import { between, duration, timeOfDay } from "../format";
import type { Action, Attempt } from "../messages";
import type { Screenshots } from "./screenshots";

export function attemptList(
  attempts: Attempt[],
  module: string,
  screenshots: Screenshots,
  signal: AbortSignal,
): HTMLElement {
  return h(
    "ol",
    { class: "xm-attempts", role: "list" },
    ...attempts.map((attempt) => attemptItem(attempt, module, screenshots, signal)),
  );
}

function attemptItem(attempt: Attempt, module: string, screenshots: Screenshots, signal: AbortSignal): HTMLElement {
  const seconds = attemptSeconds(attempt);
  const facts = [
    attempt.started_at ? `began ${timeOfDay(attempt.started_at)}` : "",
    seconds === undefined ? "" : `took ${duration(seconds)}`,
  ].filter(Boolean);
  const item = h(
    "li",
    { class: "xm-attempt", "data-status": attempt.status },
    h(
      "div",
      { class: "xm-attempt-head" },
      icon(attempt.status),
      h("b", {}, `Attempt ${attempt.attempt}`),
      h("span", { class: "xm-faint" }, [WORDS[attempt.status], ...facts].join(" · ")),
    ),
  );
  const words = h("div", { class: "xm-attempt-words" });
  if (attempt.error_code || attempt.error_message) {
    words.append(
      h(
        "p",
        { class: "xm-attempt-error" },
        ...(attempt.error_code ? [h("code", { class: "xm-code" }, attempt.error_code), " "] : []),
        attempt.error_message ?? "",
      ),
    );
  }
  if (attempt.actions?.length) words.append(actionList(attempt.actions));
  if (attempt.traceback) words.append(h("pre", { class: "xm-traceback", tabindex: 0 }, attempt.traceback));
  const body = h("div", { class: "xm-attempt-body" }, words);
  if (attempt.screenshot_url) {
    const label = `Screen after attempt ${attempt.attempt} of ${module}`;
    body.append(screenshots.thumbnail(attempt.screenshot_url, label, signal, "xm-thumb-large"));
  }
  if (words.childElementCount || attempt.screenshot_url) item.append(body);
  return item;
}

const WORDS: Record<Attempt["status"], string> = {
  running: "running",
  completed: "passed",
  failed: "failed",
  skipped: "skipped",
};

function actionList(actions: Action[]): HTMLElement {
  return h(
    "ul",
    { class: "xm-actions", role: "list" },
    ...nested(actions).map((action) => {
      const line = h(
        "li",
        { "data-status": action.status },
        icon(action.status),
        h("span", {}, action.path.at(-1) ?? ""),
        h("span", { class: "xm-faint" }, duration(action.duration_seconds)),
      );
      line.style.setProperty("--depth", String(action.path.length - 1));
      return line;
    }),
  );
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

/** A plain consumer is not told how long a failed attempt took: its ends may tell. */
export function attemptSeconds(attempt: Attempt): number | undefined {
  if (attempt.duration_seconds != null) return attempt.duration_seconds;
  return attempt.ended_at ? between(attempt.started_at, attempt.ended_at) : undefined;
}
