// The table of steps: a row a step, and its attempts beneath when opened.

import { attribute, children, h, icon, on, setIcon, text, type IconName } from "../dom";
import { between, duration, plural } from "../format";
import type { ExecutionSnapshot, Step, StepStatus } from "../messages";
import type { Store } from "../store";
import { attemptList, attemptSeconds } from "./attempts";
import type { Screenshots } from "./screenshots";

const LABELS: Record<StepStatus, string> = {
  pending: "to come",
  running: "running",
  completed: "passed",
  failed: "failed",
  skipped: "skipped",
};

export class StepsView {
  readonly element: HTMLElement;
  readonly #body = h("div", { class: "xm-rows", role: "rowgroup" });
  readonly #scroller = h(
    "div",
    { class: "xm-steps-scroll", role: "table", "aria-label": "Steps", tabindex: 0 },
    h(
      "div",
      { class: "xm-step-head", role: "row" },
      h("span", { role: "columnheader" }, "Step"),
      h("span", { role: "columnheader" }, "Duration"),
      h("span", { role: "columnheader" }, "Result"),
      h("span", { role: "columnheader", class: "xm-right" }, "Screen"),
    ),
    this.#body,
  );
  readonly #empty = h("p", { class: "xm-empty" }, "No step has begun yet");
  readonly #rows = new Map<string, StepRow>();
  #longest = 0;
  #followed: string | undefined;
  #handled = false;

  constructor(
    readonly store: Store,
    readonly screenshots: Screenshots,
    readonly signal: AbortSignal,
  ) {
    this.element = h("section", { class: "xm-steps" }, this.#scroller, this.#empty);
    // Once a reader scrolls by hand, the table stays where it was put.
    for (const event of ["wheel", "touchmove", "keydown"] as const) {
      this.#scroller.addEventListener(event, () => (this.#handled = true), { signal, passive: true });
    }
    const ticker = setInterval(() => this.#tick(), 250);
    signal.addEventListener("abort", () => clearInterval(ticker));
  }

  update(state: ExecutionSnapshot): void {
    this.#empty.hidden = state.steps.length > 0;
    this.#scroller.hidden = state.steps.length === 0;
    const several = new Set(state.steps.map((step) => step.device_id)).size > 1;
    const longest = Math.max(0, ...state.steps.map((step) => secondsOf(step) ?? 0));
    this.#longest = longest;
    const elements = state.steps.map((step, index) => {
      const row = this.#rows.get(step.step_id) ?? this.#newRow(step, index);
      row.update(step, several, this.store.ended);
      row.tick(this.store.now(), longest);
      return row.element;
    });
    children(this.#body, elements);
    attribute(this.#scroller, "aria-rowcount", state.steps.length + 1);
    this.#follow(state);
  }

  #newRow(step: Step, index: number): StepRow {
    const row = new StepRow(index, this.screenshots, this.signal);
    this.#rows.set(step.step_id, row);
    return row;
  }

  #tick(): void {
    if (this.store.ended) return;
    for (const row of this.#rows.values()) row.tick(this.store.now(), this.#longest);
  }

  /** Keep the running step in sight, by moving the table and never the page. */
  #follow(state: ExecutionSnapshot): void {
    const running = state.steps.find((step) => step.status === "running");
    if (!running || running.step_id === this.#followed || this.#handled) return;
    this.#followed = running.step_id;
    const row = this.#rows.get(running.step_id)?.element;
    if (!row) return;
    const { clientHeight, scrollTop } = this.#scroller;
    const bottom = row.offsetTop + row.offsetHeight * 2;
    if (bottom > scrollTop + clientHeight) this.#scroller.scrollTop = bottom - clientHeight;
  }
}

class StepRow {
  readonly element: HTMLElement;
  readonly #statusIcon = icon("pending");
  readonly #statusText = h("span", { class: "xm-hidden" });
  readonly #module = h("span", { class: "xm-module" });
  readonly #under = h("span", { class: "xm-row-under" });
  readonly #badgeNumber = h("span");
  readonly #badge = h("span", { class: "xm-badge" }, icon("retry"), this.#badgeNumber);
  readonly #fill = h("span", { class: "xm-duration-fill" });
  readonly #seconds = h("span", { class: "xm-seconds" });
  readonly #code = h("code", { class: "xm-code" });
  readonly #message = h("span", { class: "xm-message" });
  readonly #screen = h("span", { class: "xm-cell-screen", role: "cell" });
  readonly #details = h("div", { class: "xm-details" });
  readonly #toggle: HTMLButtonElement;
  #step: Step | undefined;
  #ended = false;
  #open = false;
  #screenshot: string | null = null;

  constructor(
    index: number,
    readonly screenshots: Screenshots,
    readonly signal: AbortSignal,
  ) {
    this.#toggle = h(
      "button",
      { type: "button", class: "xm-step-toggle", "aria-expanded": "false" },
      icon("chevron"),
      h("span", { class: "xm-number", "aria-hidden": "true" }, String(index + 1)),
      this.#statusIcon,
      this.#statusText,
      h("span", { class: "xm-name" }, this.#module, this.#under),
      this.#badge,
    );
    this.#details.hidden = true;
    const row = h(
      "div",
      { class: "xm-step", role: "row", "aria-rowindex": index + 2 },
      h("span", { class: "xm-cell-step", role: "cell" }, this.#toggle),
      h(
        "span",
        { class: "xm-cell-duration", role: "cell" },
        h("span", { class: "xm-duration-bar", "aria-hidden": "true" }, this.#fill),
        this.#seconds,
      ),
      h("span", { class: "xm-cell-result", role: "cell" }, this.#code, this.#message),
      this.#screen,
    );
    this.element = h("div", { class: "xm-step-group", role: "presentation" }, row, this.#details);
    on(this.#toggle, "click", signal, () => this.#flip());
  }

  update(step: Step, several: boolean, over: boolean): void {
    if (step === this.#step && over === this.#ended) return;
    this.#step = step;
    this.#ended = over;
    const { status, label, name } = standing(step, over);
    const last = step.attempts.at(-1);
    attribute(this.element, "data-status", status);
    attribute(this.element, "data-step-id", step.step_id);
    setIcon(this.#statusIcon, name);
    text(this.#statusText, label);
    text(this.#module, step.module_id);
    attribute(this.#module, "title", step.module_id);
    const under = [several ? step.device_id : "", step.params ?? ""].filter(Boolean).join(" · ");
    text(this.#under, under);
    attribute(this.#under, "title", under);
    this.#under.hidden = under === "";
    this.#badge.hidden = step.attempts.length < 2;
    text(this.#badgeNumber, String(last?.attempt ?? 1));
    attribute(this.#badge, "title", `attempt ${last?.attempt ?? 1}`);
    this.#result(step, label);
    this.#toggle.disabled = step.attempts.length === 0;
    this.#shot(last?.screenshot_url ?? null, step);
    if (this.#open) this.#fillDetails(step);
  }

  /** The running attempt's time goes on between messages, and the scale with the longest. */
  tick(now: number, longest: number): void {
    const attempt = this.#step?.attempts.at(-1);
    if (!attempt) return;
    const running = attempt.status === "running" && !this.#ended;
    const seconds = running ? between(attempt.started_at, now) : attemptSeconds(attempt);
    text(this.#seconds, seconds === undefined ? "" : duration(seconds));
    const share = (seconds ?? 0) / Math.max(longest, seconds ?? 0, 0.001);
    this.#fill.style.transform = `scaleX(${seconds ? Math.max(0.02, share) : 0})`;
  }

  #result(step: Step, label: string): void {
    const last = step.attempts.at(-1);
    const failure = last?.status === "running" ? step.attempts.at(-2) : last;
    const code = step.status === "completed" ? "" : (failure?.error_code ?? "");
    text(this.#code, code);
    this.#code.hidden = code === "";
    const retried = step.attempts.filter((attempt) => attempt.status === "failed").length;
    const passed = retried ? `passed after ${plural(retried, "failed attempt")}` : label;
    const message = step.status === "completed" ? passed : failure?.error_message || label;
    text(this.#message, message);
    attribute(this.#message, "title", message);
  }

  #shot(url: string | null, step: Step): void {
    if (url === this.#screenshot) return;
    this.#screenshot = url;
    this.#screen.replaceChildren(
      ...(url ? [this.screenshots.thumbnail(url, `Screen after ${step.module_id}`, this.signal)] : []),
    );
  }

  #flip(): void {
    this.#open = !this.#open;
    this.#details.hidden = !this.#open;
    attribute(this.#toggle, "aria-expanded", String(this.#open));
    if (this.#open && this.#step) this.#fillDetails(this.#step);
  }

  #fillDetails(step: Step): void {
    this.#details.replaceChildren(attemptList(step.attempts, step.module_id, this.screenshots, this.signal));
  }
}

/** How a step stands, told also for what an ended execution left undone. */
function standing(step: Step, over: boolean): { status: string; label: string; name: IconName } {
  if (over && step.status === "pending") return { status: "skipped", label: "not run", name: "skipped" };
  if (over && step.status === "running") return { status: "cancelled", label: "interrupted", name: "cancelled" };
  return { status: step.status, label: LABELS[step.status], name: step.status };
}

function secondsOf(step: Step): number | undefined {
  const attempt = step.attempts.at(-1);
  return attempt && attemptSeconds(attempt);
}
