// What the pointer is on in a timeline, told beside it.

import { children, h, icon } from "../dom";
import { duration, timeOfDay } from "../format";
import type { Bar } from "../lanes";
import type { Problem } from "../messages";
import { type Rest, restWords } from "../pauses";
import type { Source } from "../source";
import { loadPicture } from "./screenshots";

const WORDS = { running: "running", completed: "passed", failed: "failed", skipped: "skipped" } as const;
const WIDTH = 300;

export interface Subject {
  bar: Bar | undefined;
  rest: Rest | undefined;
  error: Problem | undefined;
  now: number;
  ended: boolean;
}

export class Tip {
  readonly element = h("div", { class: "xm-tip", "aria-hidden": "true" });
  #key = "";

  constructor(readonly source: Source) {
    this.element.hidden = true;
  }

  hide(): void {
    this.element.hidden = true;
  }

  /** Stand below the pointer, inside of the view. */
  show(subject: Subject, view: HTMLElement, event: MouseEvent): void {
    this.element.hidden = false;
    this.#fill(subject);
    const { left, top, width } = view.getBoundingClientRect();
    const x = Math.max(4, Math.min(event.clientX - left + 10, width - Math.min(WIDTH, width - 8) - 4));
    this.element.style.transform = `translate(${x}px, ${event.clientY - top + 16}px)`;
  }

  #fill({ bar, rest, error, now, ended }: Subject): void {
    const span = bar ?? rest;
    const took = span && duration(((span.to ?? now) - span.from) / 1000);
    const key = [bar?.step.step_id, bar?.attempt.attempt, bar?.attempt.status, rest?.from, took, error?.timestamp].join(" ");
    if (key === this.#key) return;
    this.#key = key;
    children(this.element, [
      ...(error ? errorLines(error) : []),
      ...(bar ? this.#barLines(bar, took!, ended) : []),
      ...(rest ? restLines(rest, took!) : []),
    ]);
  }

  #barLines(bar: Bar, took: string, ended: boolean): HTMLElement[] {
    const { step, attempt } = bar;
    const broken = attempt.status === "running" && ended;
    const facts = [
      broken ? "interrupted" : WORDS[attempt.status],
      bar.retried ? "tried again" : "",
      attempt.attempt > 1 || bar.retried ? `attempt ${attempt.attempt}` : "",
      took,
      `began ${timeOfDay(new Date(bar.from).toISOString())}`,
    ];
    const lines = [
      h("p", { class: "xm-tip-head", "data-status": attempt.status }, icon(broken ? "cancelled" : attempt.status), h("b", {}, step.module_id)),
      h("p", { class: "xm-faint" }, facts.filter(Boolean).join(" · ")),
    ];
    if (step.params) lines.push(h("p", { class: "xm-faint xm-tip-line" }, step.params));
    if (attempt.error_message || attempt.error_code) {
      lines.push(h("p", { class: "xm-tip-error" }, [attempt.error_code, attempt.error_message].filter(Boolean).join(": ")));
    }
    return [h("div", { class: "xm-tip-words" }, ...lines), ...this.#picture(attempt.screenshot_url)];
  }

  #picture(url: string | null | undefined): HTMLElement[] {
    if (!url) return [];
    const picture = h("img", { class: "xm-tip-picture", alt: "" });
    picture.hidden = true;
    picture.addEventListener("load", () => (picture.hidden = false));
    loadPicture(picture, (failed) => this.source.screenshot(url, failed), () => picture.remove());
    return [picture];
  }
}

function restLines(rest: Rest, took: string): HTMLElement[] {
  const began = timeOfDay(new Date(rest.from).toISOString());
  return [
    h(
      "div",
      { class: "xm-tip-words" },
      h("p", { class: "xm-tip-head", "data-status": "paused" }, icon("pause"), h("b", {}, `Paused ${restWords(rest)}`)),
      h("p", { class: "xm-faint" }, `${took} · began ${began}`),
    ),
  ];
}

function errorLines(error: Problem): HTMLElement[] {
  return [
    h(
      "div",
      { class: "xm-tip-words" },
      h("p", { class: "xm-tip-head", "data-status": "failed" }, icon("warning"), h("b", {}, error.code)),
      h("p", { class: "xm-tip-error" }, error.message),
      h("p", { class: "xm-faint" }, timeOfDay(error.timestamp)),
    ),
  ];
}
