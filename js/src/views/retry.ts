// The button that runs a step again, on the step's row.

import { attribute, h, icon, on, text } from "../dom";
import type { Step } from "../messages";
import type { Store } from "../store";

export class RetryButton {
  readonly #label = h("span");
  readonly element = h("button", { type: "button", class: "xm-button xm-retry" }, icon("retry"), this.#label);
  #step: Step | undefined;

  constructor(
    readonly store: Store,
    signal: AbortSignal,
  ) {
    on(this.element, "click", signal, () => {
      if (this.#step) this.store.source.steering?.give({ do: "retry", step_id: this.#step.step_id });
    });
  }

  update(step: Step, index: number): void {
    this.#step = step;
    const { steering } = this.store.source;
    const asked = steering?.isAsked("retry", step.step_id) ?? false;
    const { ended, kernel, cursor } = this.store;
    const closed = step.status !== "pending" && step.status !== "running";
    this.element.hidden = !steering || !closed || (ended && kernel !== "alive") || !cursor.live;
    if (this.element.hidden) return;
    this.element.disabled = asked;
    text(this.#label, asked ? "Queued" : "Retry");
    const what = `step ${index + 1}, ${step.module_id}`;
    attribute(this.element, "aria-label", `${asked ? "Queued to run again" : "Retry"}: ${what}`);
    const where = ended ? "in an execution of its own, " : "";
    attribute(this.element, "title", `Run this step again, ${where}with its module as it is defined now`);
  }
}
