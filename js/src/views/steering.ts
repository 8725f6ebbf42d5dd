// The steering bar: what is paused and why, and the ways to go on.

import { attribute, children, h, icon, on, setIcon, text } from "../dom";
import { plural } from "../format";
import type { ExecutionSnapshot, Pause, Step } from "../messages";
import type { Steering } from "../steering";
import type { Store } from "../store";

export class SteeringView {
  /** Pause or Resume, beside the other ways to stop. */
  readonly button = h("button", { type: "button", class: "xm-button xm-pause" });
  readonly element: HTMLElement;
  readonly #icon = icon("pause");
  readonly #label = h("span");
  readonly #toggle = h(
    "button",
    {
      type: "button",
      class: "xm-switch",
      role: "switch",
      "aria-checked": "false",
      title: "Wait after a step that has failed for good, with the device left as it is",
    },
    h("span", { class: "xm-switch-track", "aria-hidden": "true" }),
    "Pause on failure",
  );
  readonly #pauses = h("ul", { class: "xm-pauses", role: "list" });
  readonly #words = h("p", { class: "xm-steering-words", role: "status" });
  readonly #rows = new Map<string, PauseRow>();
  readonly #signal: AbortSignal;

  constructor(
    readonly store: Store,
    signal: AbortSignal,
  ) {
    this.#signal = signal;
    this.button.append(this.#icon, this.#label);
    this.element = h(
      "div",
      { class: "xm-steering", role: "group", "aria-label": "Steering" },
      this.#pauses,
      h("div", { class: "xm-steering-line" }, this.#words, this.#toggle),
    );
    on(this.button, "click", signal, () => this.#press());
    on(this.#toggle, "click", signal, () => {
      const { steering } = this.store.source;
      steering?.give({ do: "pause_on_failure", on: !steering.pausesOnFailure });
    });
  }

  update(state: ExecutionSnapshot): void {
    const { steering } = this.store.source;
    steering?.update(state);
    const over = this.store.ended;
    this.button.hidden = !steering || over;
    // After the end a step may still run again, of which there may be something to say.
    this.element.hidden = !steering || (over && !steering.told);
    if (!steering) {
      children(this.#pauses, []);
      return;
    }
    const pauses = over ? [] : (state.paused ?? []);
    this.#showButton(steering, pauses);
    const pausing = steering.pausesOnFailure;
    this.#toggle.hidden = pausing === undefined || over;
    attribute(this.#toggle, "aria-checked", String(pausing ?? false));
    const paused = pauses.filter(({ status }) => status === "paused");
    children(
      this.#pauses,
      paused.map((pause) => {
        const row = this.#rows.get(pause.device_id) ?? new PauseRow(steering, this.#signal, this.store.source.control !== undefined);
        this.#rows.set(pause.device_id, row);
        row.update(pause, state);
        return row.element;
      }),
    );
    this.#pauses.hidden = paused.length === 0;
    text(this.#words, this.#wordsFor(steering, pauses));
    attribute(this.#words, "data-busy", steering.told !== "");
  }

  #showButton(steering: Steering, pauses: Pause[]): void {
    const held = pauses.length > 0;
    const asked = steering.isAsked(held ? "resume" : "pause");
    const label = held ? (asked ? "Resuming…" : "Resume") : asked ? "Pausing…" : "Pause";
    setIcon(this.#icon, held ? "play" : "pause");
    text(this.#label, label);
    this.button.disabled = asked;
    attribute(this.button, "title", held ? "Go on; a failure stands" : "Stop before the next step");
  }

  #wordsFor(steering: Steering, pauses: Pause[]): string {
    if (steering.told) return steering.told;
    const pausing = pauses.filter(({ status }) => status === "pausing").length;
    if (!pausing) return "";
    const several = (this.store.state?.devices.length ?? 0) > 1;
    return `Pauses when the running step has ended${several ? ` (${plural(pausing, "device")})` : ""}`;
  }

  #press(): void {
    const held = (this.store.state?.paused ?? []).length > 0;
    this.store.source.steering?.give({ do: held ? "resume" : "pause" });
  }
}

/** One device that waits: why, and the ways to go on. */
class PauseRow {
  readonly element: HTMLElement;
  readonly #what = h("b");
  readonly #advice = h("span", { class: "xm-pause-advice" });
  readonly #retry = h("button", { type: "button", class: "xm-button xm-primary" });
  readonly #retryLabel = h("span");
  readonly #step = h("button", { type: "button", class: "xm-button", title: "Run one step, and pause again" }, "One step");
  readonly #resume = h("button", { type: "button", class: "xm-button" });
  /** Named by what it is about: several devices may wait, each with the same buttons. */
  readonly #buttons = h("span", { class: "xm-pause-buttons", role: "group" });
  #pause: Pause | undefined;

  constructor(
    readonly steering: Steering,
    signal: AbortSignal,
    /** Whether the reader has a kernel that has the device. */
    readonly here: boolean,
  ) {
    this.#retry.append(icon("retry"), this.#retryLabel);
    this.#buttons.append(this.#retry, this.#step, this.#resume);
    this.element = h(
      "li",
      { class: "xm-pause-row" },
      icon("pause"),
      h("span", { class: "xm-pause-words" }, this.#what, this.#advice),
      this.#buttons,
    );
    on(this.#retry, "click", signal, () => {
      const step_id = this.#pause?.step_id;
      if (step_id) this.steering.give({ do: "retry", step_id });
    });
    on(this.#step, "click", signal, () => {
      if (this.#pause) this.steering.give({ do: "step", device_id: this.#pause.device_id });
    });
    on(this.#resume, "click", signal, () => {
      if (this.#pause) this.steering.give({ do: "resume", device_id: this.#pause.device_id });
    });
  }

  update(pause: Pause, state: ExecutionSnapshot): void {
    this.#pause = pause;
    const index = state.steps.findIndex(({ step_id }) => step_id === pause.step_id);
    const failure = pause.reason === "failure";
    const where = state.devices.length > 1 ? ` on ${pause.device_id}` : "";
    const what = named(state.steps[index], index);
    attribute(this.element, "data-reason", pause.reason);
    text(this.#what, (failure ? `Paused on the failure of ${what}` : `Paused before ${what}`) + where);
    attribute(this.#buttons, "aria-label", this.#what.textContent);
    const away = state.devices.some(({ device_id, status }) => device_id === pause.device_id && status === "offline");
    const waits = this.here ? "The device is yours: run.device in a cell." : "The device waits as it is.";
    text(this.#advice, away ? "The device is offline." : waits);
    const retrying = pause.step_id ? this.steering.isAsked("retry", pause.step_id) : false;
    this.#retry.hidden = !failure;
    this.#retry.disabled = retrying || away;
    text(this.#retryLabel, retrying ? "Retrying…" : "Retry");
    attribute(this.#retry, "title", "Run this step again, with its module as it is defined now");
    this.#step.hidden = failure || !pause.step_id;
    this.#step.disabled = this.steering.isAsked("step", pause.device_id);
    const resuming = this.steering.isAsked("resume", pause.device_id);
    this.#resume.disabled = resuming;
    text(this.#resume, resuming ? "Going on…" : failure ? "Leave it failed, go on" : "Go on");
  }
}

function named(step: Step | undefined, index: number): string {
  return step ? `step ${index + 1}: ${step.module_id}` : "the end";
}
