// One step of the table: how it stands, how long it took, what came of it.

import { momentOf, spanOf } from "../cursor";
import { attribute, h, icon, on, setIcon, text, type IconName } from "../dom";
import { between, duration, plural } from "../format";
import type { Step, StepStatus } from "../messages";
import { attemptSeconds, standingAt, type Item } from "../steplist";
import type { Store } from "../store";
import { AttemptsView } from "./attempts";
import { RetryButton } from "./retry";
import type { Screenshots } from "./screenshots";

const LABELS: Record<StepStatus, string> = {
  pending: "to come",
  running: "running",
  completed: "passed",
  failed: "failed",
  skipped: "skipped",
};

/** What a row needs to know of the table. */
export interface Setting {
  position: number;
  /** Whether the steps are of several devices. */
  several: boolean;
  /** Whether the execution has ended. */
  over: boolean;
  /** Whether its attempts are shown. */
  open: boolean;
  at: number | null;
}

/** What an opened row shows, and its life. */
interface Inside {
  attempts: AttemptsView;
  stop: AbortController;
}

export class StepRow {
  readonly element: HTMLElement;
  readonly #statusIcon = icon("pending");
  readonly #statusText = h("span", { class: "xm-hidden" });
  readonly #number = h("span", { class: "xm-number", "aria-hidden": "true" });
  readonly #module = h("span", { class: "xm-module" });
  readonly #under = h("span", { class: "xm-row-under" });
  readonly #badgeNumber = h("span");
  readonly #badge = h("span", { class: "xm-badge" }, icon("retry"), this.#badgeNumber);
  readonly #fill = h("span", { class: "xm-duration-fill" });
  readonly #seconds = h("span", { class: "xm-seconds" });
  readonly #code = h("code", { class: "xm-code" });
  readonly #message = h("span", { class: "xm-message" });
  readonly #screen = h("span", { class: "xm-cell-screen", role: "cell" });
  readonly #attempts = h("div", { role: "cell", "aria-colspan": 4 });
  readonly #details = h("div", { class: "xm-details", role: "row" }, this.#attempts);
  readonly #toggle = h("button", { type: "button", class: "xm-step-toggle", tabindex: -1 }, icon("chevron"));
  readonly #go: HTMLButtonElement;
  readonly #row: HTMLElement;
  readonly #retry: RetryButton;
  readonly #stop = new AbortController();
  #inside: Inside | undefined;
  /** The life of the picture that it shows. */
  #pictured: AbortController | undefined;
  #step: Step | undefined;
  #over = false;
  #open = false;
  #position = -1;
  #longest = 0;
  #screenshot: string | null = null;

  constructor(
    readonly store: Store,
    readonly screenshots: Screenshots,
    readonly flipped: (step: Step, open: boolean) => void,
  ) {
    const { signal } = this.#stop;
    this.#go = h(
      "button",
      { type: "button", class: "xm-step-go" },
      this.#number,
      this.#statusIcon,
      this.#statusText,
      h("span", { class: "xm-name" }, this.#module, this.#under),
      this.#badge,
    );
    this.#retry = new RetryButton(store, signal);
    this.#row = h(
      "div",
      { class: "xm-step", role: "row" },
      h("span", { class: "xm-cell-step", role: "cell" }, this.#toggle, this.#go),
      h(
        "span",
        { class: "xm-cell-duration", role: "cell" },
        h("span", { class: "xm-duration-bar", "aria-hidden": "true" }, this.#fill),
        this.#seconds,
      ),
      h("span", { class: "xm-cell-result", role: "cell" }, this.#code, this.#message, this.#retry.element),
      this.#screen,
    );
    this.element = h("div", { class: "xm-step-group", role: "presentation" }, this.#row, this.#details);
    this.#details.hidden = true;
    on(this.#toggle, "click", signal, () => this.flip(!this.#open));
    on(this.#row, "click", signal, (event) => {
      const button = (event.target as Element).closest("button");
      // Who selects words does not mean to go anywhere.
      if (button ? button === this.#go : !getSelection()?.toString()) this.#travel();
    });
  }

  close(): void {
    for (const life of [this.#stop, this.#inside?.stop, this.#pictured]) life?.abort();
  }

  focus(): void {
    this.#go.focus({ preventScroll: true });
  }

  /** Show a step; it may be another than before. */
  update({ step, index }: Item, { position, several, over, open, at }: Setting): void {
    attribute(this.element, "data-at", standingAt(step, at));
    this.#retry.update(step, index);
    if (position !== this.#position) {
      this.#position = position;
      attribute(this.#row, "aria-rowindex", position + 2);
    }
    if (step === this.#step && over === this.#over && open === this.#open) return;
    if (step.step_id !== this.#step?.step_id) this.#fold();
    [this.#step, this.#over, this.#open] = [step, over, open];
    const { status, label, name } = standing(step, over);
    const last = step.attempts.at(-1);
    attribute(this.element, "data-status", status);
    attribute(this.element, "data-step-id", step.step_id);
    text(this.#number, String(index + 1));
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
    attribute(this.#toggle, "aria-label", `Attempts of step ${index + 1}, ${step.module_id}`);
    attribute(this.#go, "aria-disabled", step.attempts.length === 0);
    attribute(this.#go, "title", step.attempts.length ? "Go to this moment" : undefined);
    this.#shot(last?.screenshot_url ?? null, step);
    this.#show();
  }

  /** The running attempt's time goes on between messages, and the scale with the longest. */
  tick(now: number, longest: number): void {
    this.#longest = longest;
    const attempt = this.#step?.attempts.at(-1);
    if (!attempt) return;
    const running = attempt.status === "running" && !this.#over;
    const seconds = running ? between(attempt.started_at, now) : attemptSeconds(attempt);
    text(this.#seconds, seconds === undefined ? "" : duration(seconds));
    const share = (seconds ?? 0) / Math.max(longest, seconds ?? 0, 0.001);
    this.#fill.style.width = seconds ? `max(2px, ${(100 * share).toFixed(1)}%)` : "0";
  }

  /** Show the attempts, or hide them. */
  flip(open: boolean): void {
    if (open === this.#open || !this.#step?.attempts.length) return;
    this.#open = open;
    this.flipped(this.#step, open);
    this.#show();
  }

  #show(): void {
    const step = this.#step;
    attribute(this.#toggle, "aria-expanded", String(this.#open));
    this.#details.hidden = !this.#open;
    if (!step || !this.#open) return this.#fold();
    this.#inside ??= this.#unfold();
    this.#inside.attempts.update(step, this.#longest);
  }

  #unfold(): Inside {
    const stop = new AbortController();
    const attempts = new AttemptsView({ store: this.store, screenshots: this.screenshots, signal: stop.signal });
    this.#attempts.replaceChildren(attempts.element);
    return { attempts, stop };
  }

  #fold(): void {
    if (!this.#inside) return;
    this.#inside.stop.abort();
    this.#inside = undefined;
    this.#attempts.replaceChildren();
  }

  #travel(of = momentOf): void {
    const last = this.#step?.attempts.at(-1);
    const moment = last && of(last);
    if (moment !== undefined) this.store.cursor.set(moment);
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
    this.#pictured?.abort();
    this.#pictured = new AbortController();
    const { signal } = this.#pictured;
    const label = `Screen after ${step.module_id}`;
    const go = () => this.#travel((attempt) => spanOf(attempt)?.to);
    this.#screen.replaceChildren(
      ...(url ? [this.screenshots.thumbnail(url, label, signal, "xm-thumb-small", go)] : []),
    );
  }
}

/** How a step stands, told also for what an ended execution left undone. */
function standing(step: Step, over: boolean): { status: string; label: string; name: IconName } {
  if (over && step.status === "pending") return { status: "skipped", label: "not run", name: "skipped" };
  if (over && step.status === "running") return { status: "cancelled", label: "interrupted", name: "cancelled" };
  return { status: step.status, label: LABELS[step.status], name: step.status };
}
