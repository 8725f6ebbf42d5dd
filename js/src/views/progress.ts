// The head of the view: what runs, how far it is, how it stands, and the way to stop it.

import { attribute, children, h, icon, on, setIcon, text, type IconName } from "../dom";
import { aboutLeft, remainingSeconds } from "../estimate";
import { currentSteps } from "../steplist";
import { between, clock, duration, plural } from "../format";
import type { ExecutionSnapshot, ExecutionStatus, Step, StepStatus } from "../messages";
import { pausedMs } from "../pauses";
import type { Store } from "../store";
import { SteeringView } from "./steering";

/** A running execution tells its progress every two seconds: longer silence is worth a word. */
const SILENCE_MS = 10_000;
const CONFIRM_MS = 4_000;

const STATUS: Record<ExecutionStatus, { label: string; icon: IconName }> = {
  pending: { label: "Waiting", icon: "pending" },
  running: { label: "Running", icon: "running" },
  completed: { label: "Passed", icon: "completed" },
  failed: { label: "Stopped by an error", icon: "failed" },
  cancelled: { label: "Cancelled", icon: "cancelled" },
  interrupted: { label: "Interrupted", icon: "cancelled" },
};

const COUNTED: { status: StepStatus; label: string; icon: IconName }[] = [
  { status: "completed", label: "passed", icon: "completed" },
  { status: "failed", label: "failed", icon: "failed" },
  { status: "skipped", label: "skipped", icon: "skipped" },
  { status: "pending", label: "to come", icon: "pending" },
];

export class ProgressView {
  readonly element: HTMLElement;
  readonly #title = h("h2", { class: "xm-title" });
  readonly #pillIcon = icon("pending");
  readonly #pillText = h("span");
  readonly #pill = h("span", { class: "xm-pill" }, this.#pillIcon, this.#pillText);
  readonly #elapsed = h("span", { class: "xm-elapsed", title: "Elapsed time, without pauses" });
  readonly #rested = h("span", { class: "xm-rested", title: "Time in which it was paused and nothing ran" });
  readonly #left = h("span", { class: "xm-left" });
  readonly #cancel = h("button", { type: "button", class: "xm-button xm-cancel" }, "Cancel");
  readonly #fill = h("div", { class: "xm-bar-fill" });
  readonly #bar = h(
    "div",
    { class: "xm-bar", role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0, "aria-valuemax": 100 },
    this.#fill,
  );
  readonly #percent = h("span", { class: "xm-percent" });
  readonly #current = h("span", { class: "xm-current" });
  readonly #counts = new Map(COUNTED.map(({ status, label, icon: name }) => [status, countChip(name, label)]));
  readonly #problems = h("ul", { class: "xm-problems", role: "list" });
  readonly #announcer = h("div", { class: "xm-hidden", role: "status" });
  readonly #refused = h("p", { class: "xm-refused", role: "alert" });
  readonly #steering: SteeringView;
  #confirming: ReturnType<typeof setTimeout> | undefined;
  #cancelling = false;
  #announced = "";

  constructor(
    readonly store: Store,
    signal: AbortSignal,
  ) {
    this.#steering = new SteeringView(store, signal);
    this.element = h(
      "header",
      { class: "xm-head" },
      h("div", { class: "xm-headline" }, this.#pill, this.#title, this.#elapsed, this.#rested, this.#left, this.#steering.button, this.#cancel),
      h("div", { class: "xm-bar-line" }, this.#bar, this.#percent),
      h(
        "div",
        { class: "xm-subline" },
        this.#current,
        h("span", { class: "xm-counts" }, ...[...this.#counts.values()].map((chip) => chip.element)),
      ),
      this.#refused,
      this.#steering.element,
      this.#problems,
      this.#announcer,
    );
    this.#refused.hidden = true;
    for (const [status, { element }] of this.#counts) on(element, "click", signal, () => store.results.say(status));
    on(this.#cancel, "click", signal, () => this.#press());
    on(this.#cancel, "blur", signal, () => this.#relax());
    const ticker = setInterval(() => this.tick(), 250);
    signal.addEventListener("abort", () => {
      clearInterval(ticker);
      clearTimeout(this.#confirming);
    });
  }

  update(state: ExecutionSnapshot): void {
    const verdict = verdictOf(state);
    text(this.#title, state.name || "Execution");
    attribute(this.#title, "title", state.execution_id);
    attribute(this.#pill, "data-status", verdict.status);
    setIcon(this.#pillIcon, verdict.icon);
    text(this.#pillText, verdict.label);
    attribute(this.#bar, "aria-valuenow", state.progress_percentage);
    attribute(this.#bar, "data-status", verdict.status);
    this.#fill.style.transform = `scaleX(${state.progress_percentage / 100})`;
    text(this.#percent, `${state.progress_percentage} %`);
    for (const [status, chip] of this.#counts) {
      const count = state.steps.filter((step) => step.status === status).length;
      text(chip.number, count.toLocaleString("en"));
      chip.element.hidden = count === 0 && status !== "completed";
      chip.element.disabled = count === 0 || !this.store.results.heard;
    }
    this.#steering.update(state);
    this.#showProblems(state);
    this.#announce(state, verdict.label);
    this.tick();
  }

  /** What changes with time alone. */
  tick(): void {
    const state = this.store.state;
    if (!state) return;
    const over = this.store.ended;
    const seconds = over ? state.duration_seconds : between(state.started_at, this.store.now());
    const rested = pausedMs(state, this.store.now()) / 1000;
    const written = over ? duration : clock;
    text(this.#elapsed, seconds == null ? "" : written(Math.max(0, seconds - rested)));
    text(this.#rested, rested < 1 ? "" : `+ ${written(rested)} paused`);
    attribute(this.#rested, "hidden", rested < 1);
    const left = state.paused?.length ? undefined : remainingSeconds(state, this.store.now());
    text(this.#left, left === undefined ? "" : aboutLeft(left));
    attribute(this.#left, "title", basis(state.steps));
    attribute(this.#left, "hidden", left === undefined);
    const current = this.#currentText(state, over);
    text(this.#current, current);
    attribute(this.#current, "title", current);
    attribute(this.#cancel, "hidden", over || !this.store.source.cancel);
    attribute(this.#cancel, "disabled", this.#cancelling);
    if (over) attribute(this.#refused, "hidden", true);
  }

  #currentText(state: ExecutionSnapshot, over: boolean): string {
    if (over) return `${plural(state.steps.length, "step")} on ${plural(state.devices.length, "device")}`;
    if (state.status === "running" && this.store.silence() > SILENCE_MS) {
      return `No word from ${this.store.source.sender ?? "the kernel"} for ${clock(this.store.silence() / 1000)}`;
    }
    return currentSteps(state) || (state.status === "pending" ? "Not started yet" : "");
  }

  #showProblems(state: ExecutionSnapshot): void {
    const errors = state.errors ?? [];
    this.#problems.hidden = errors.length === 0;
    if (this.#problems.childElementCount === errors.length) return;
    children(
      this.#problems,
      errors.map((error) => {
        const words = h("span", { title: error.message }, error.message);
        const button = h("button", { type: "button", title: "Go to this moment" }, icon("warning"), h("code", {}, error.code), words);
        button.addEventListener("click", () => this.store.cursor.set(Date.parse(error.timestamp)));
        return h("li", {}, button);
      }),
    );
    this.#problems.scrollTop = this.#problems.scrollHeight;
  }

  /** Tell a screen reader the turns of events, not each step. */
  #announce(state: ExecutionSnapshot, label: string): void {
    const failed = state.steps.filter((step) => step.status === "failed").length;
    const words = `${label}${failed ? `, ${plural(failed, "step")} failed` : ""}`;
    if (words === this.#announced) return;
    this.#announced = words;
    text(this.#announcer, words);
  }

  /** The first press asks, the second cancels. */
  #press(): void {
    if (this.#confirming === undefined) {
      text(this.#cancel, "Sure? Cancel");
      this.#cancel.classList.add("xm-sure");
      this.#confirming = setTimeout(() => this.#relax(), CONFIRM_MS);
      return;
    }
    this.#relax();
    this.#refuse("");
    this.#cancelling = true;
    text(this.#cancel, "Cancelling…");
    void this.store.source.cancel?.().then((refused) => {
      if (refused !== null) this.#refuse(`Not cancelled: ${refused}`);
    });
    this.tick();
  }

  /** Say why the execution goes on, and give the button back. */
  #refuse(words: string): void {
    text(this.#refused, words);
    this.#refused.hidden = words === "";
    this.#cancelling = false;
    text(this.#cancel, "Cancel");
    this.tick();
  }

  #relax(): void {
    if (this.#confirming === undefined) return;
    clearTimeout(this.#confirming);
    this.#confirming = undefined;
    this.#cancel.classList.remove("xm-sure");
    text(this.#cancel, "Cancel");
  }
}

/** An execution that ran to its end has passed only if its steps have. */
function verdictOf(state: ExecutionSnapshot): { status: string; label: string; icon: IconName } {
  const failed = state.steps.filter((step) => step.status === "failed").length;
  if (state.status === "completed" && failed) {
    return { status: "failed", label: `${failed} failed`, icon: "failed" };
  }
  if (state.status === "running" && state.paused?.some(({ status }) => status === "paused")) {
    return { status: "paused", label: "Paused", icon: "pause" };
  }
  return { status: state.status, ...STATUS[state.status] };
}

/** What an estimate of the time left goes by. */
function basis(steps: Step[]): string {
  const known = steps.some((step) => step.expected_seconds !== undefined);
  return known ? "By what the steps took in earlier runs" : "By what the steps took so far";
}

function countChip(name: IconName, label: string): { element: HTMLButtonElement; number: HTMLElement } {
  const number = h("b", {}, "0");
  const title = `Show the steps ${label}, or all again`;
  const element = h("button", { type: "button", class: "xm-count", "data-status": name, title }, icon(name), number, label);
  return { element, number };
}
