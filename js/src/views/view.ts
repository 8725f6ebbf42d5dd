// One view of an execution, put together from its parts.

import { h } from "../dom";
import type { Frame, PreviewProblem } from "../source";
import type { Store, Viewer } from "../store";
import { LogsView } from "./logs";
import { PreviewView } from "./preview";
import { ProgressView } from "./progress";
import { Screenshots } from "./screenshots";
import { Shell } from "./shell";
import { StepsView } from "./steps";
import { TimelineView } from "./timeline";

export class ExecutionView implements Viewer {
  readonly element: HTMLElement;
  readonly #shell: Shell;
  readonly #progress: ProgressView;
  readonly #timeline: TimelineView;
  readonly #steps: StepsView;
  readonly #logs: LogsView;
  #revision: number | undefined;

  constructor(
    readonly store: Store,
    signal: AbortSignal,
  ) {
    const screenshots = new Screenshots(store.source, signal);
    const preview = new PreviewView(store, signal);
    this.#progress = new ProgressView(store, signal);
    this.#timeline = new TimelineView(store, signal);
    this.#steps = new StepsView(store, screenshots, signal);
    this.#logs = new LogsView(store, signal);
    const parts = [this.#timeline, this.#steps, this.#logs].map(({ element }) => element);
    // How it stands comes first: for who listens, and where all is one column.
    const head = this.#progress.element;
    const main = h("div", { class: "xm-layout" }, head, preview.element, h("div", { class: "xm-main" }, ...parts));
    this.#shell = new Shell(store, "Test execution", main, signal);
    this.element = this.#shell.element;
    this.element.append(screenshots.element);
    store.add(this, signal);
    store.add(preview, signal);
  }

  update(): void {
    this.#shell.update();
    const { state, revision } = this.store;
    if (!state) return;
    // The tables come first: they ask where the page is scrolled to, which is cheap before others have changed it.
    this.#steps.update(state);
    this.#logs.update();
    this.#timeline.update(state);
    if (revision !== this.#revision) this.#progress.update(state);
    this.#revision = revision;
  }

  frame(_frame: Frame): void {}

  problem(_problem: PreviewProblem): void {}
}
