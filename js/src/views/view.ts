// One view of an execution, put together from its parts.

import { h } from "../dom";
import type { Frame, PreviewProblem } from "../source";
import type { Store, Viewer } from "../store";
import { LogsView } from "./logs";
import { PreviewView } from "./preview";
import { ProgressView } from "./progress";
import { Screenshots } from "./screenshots";
import { StepsView } from "./steps";
import { TimelineView } from "./timeline";

/** After this long without a first word, the reader is told why the view is empty. */
const PATIENCE_MS = 5_000;

export class ExecutionView implements Viewer {
  readonly element: HTMLElement;
  readonly #preview: PreviewView;
  readonly #progress: ProgressView;
  readonly #timeline: TimelineView;
  readonly #steps: StepsView;
  readonly #logs: LogsView;
  readonly #waiting = h("p", { class: "xm-waiting" }, "Loading…");
  readonly #main: HTMLElement;

  constructor(
    readonly store: Store,
    signal: AbortSignal,
  ) {
    const screenshots = new Screenshots(store.source, signal);
    this.#preview = new PreviewView(store, signal);
    this.#progress = new ProgressView(store, signal);
    this.#timeline = new TimelineView(store, signal);
    this.#steps = new StepsView(store, screenshots, signal);
    this.#logs = new LogsView(store, signal);
    this.#main = h(
      "div",
      { class: "xm-layout" },
      this.#preview.element,
      h(
        "div",
        { class: "xm-main" },
        this.#progress.element,
        this.#timeline.element,
        this.#steps.element,
        this.#logs.element,
      ),
    );
    this.#main.hidden = true;
    this.element = h(
      "article",
      { class: "xm", "aria-label": "Test execution" },
      this.#waiting,
      this.#main,
      screenshots.element,
    );
    const patience = setTimeout(() => {
      this.#waiting.textContent = "Nothing came from the kernel yet. If it was restarted, run the cell again.";
    }, PATIENCE_MS);
    signal.addEventListener("abort", () => clearTimeout(patience));
    store.add(this.#preview, signal);
    store.add(this, signal);
  }

  update(): void {
    const state = this.store.state;
    if (!state) return;
    this.#waiting.hidden = true;
    this.#main.hidden = false;
    this.element.dataset["status"] = state.status;
    this.#progress.update(state);
    this.#timeline.update(state);
    this.#steps.update(state);
    this.#logs.update();
  }

  frame(_frame: Frame): void {}

  problem(_problem: PreviewProblem): void {}
}
