// The parts of an execution's view, each for itself.

import { h } from "../dom";
import type { ExecutionSnapshot } from "../messages";
import type { Frame, PreviewProblem } from "../source";
import type { Store, Viewer } from "../store";
import { LogsView } from "./logs";
import { PreviewView } from "./preview";
import { ProgressView } from "./progress";
import { Screenshots } from "./screenshots";
import { Shell } from "./shell";
import { StepsView } from "./steps";
import { TimelineView } from "./timeline";

interface Part {
  element: HTMLElement;
  update(state: ExecutionSnapshot): void;
  frame?(frame: Frame): void;
  problem?(problem: PreviewProblem): void;
}

const PARTS = {
  preview: { label: "Live preview", make: (store, _, signal) => new PreviewView(store, signal) },
  devices: { label: "Devices", make: (store, _, signal) => new PreviewView(store, signal, true) },
  progress: { label: "Progress", make: (store, _, signal) => new ProgressView(store, signal) },
  timeline: { label: "Timeline", make: (store, _, signal) => new TimelineView(store, signal) },
  steps: { label: "Steps", make: (store, screenshots, signal) => new StepsView(store, screenshots, signal) },
  logs: { label: "Log", make: (store, _, signal) => new LogsView(store, signal) },
} satisfies Record<
  string,
  { label: string; make: (store: Store, screenshots: Screenshots, signal: AbortSignal) => Part }
>;

export type PartName = keyof typeof PARTS;

export class PartView implements Viewer {
  readonly element: HTMLElement;
  readonly #shell: Shell;
  readonly #part: Part;

  constructor(
    readonly store: Store,
    name: PartName,
    signal: AbortSignal,
  ) {
    const { label, make } = PARTS[name];
    const screenshots = new Screenshots(store.source, signal);
    this.#part = make(store, screenshots, signal);
    const main = h("div", { class: "xm-part", "data-part": name }, this.#part.element, screenshots.element);
    this.#shell = new Shell(store, label, main, signal);
    this.element = this.#shell.element;
    // A picture asks for its stream in its own name.
    if (this.#part instanceof PreviewView) store.add(this.#part, signal);
    store.add(this, signal);
  }

  update(): void {
    this.#shell.update();
    if (this.store.state && !(this.#part instanceof PreviewView)) this.#part.update(this.store.state);
  }

  frame(_frame: Frame): void {}

  problem(_problem: PreviewProblem): void {}
}
