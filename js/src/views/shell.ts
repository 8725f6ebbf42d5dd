// What is around every view: the frame, the wait for the first word, and what is known of the kernel.

import { attribute, h, icon, on, text } from "../dom";
import { timeOfDay } from "../format";
import type { Store } from "../store";

/** After this long without a first word, the reader is told why the view is empty. */
const PATIENCE_MS = 5_000;
const TICK_MS = 1_000;

export class Shell {
  readonly element: HTMLElement;
  readonly #waiting = h("p", { class: "xm-waiting" }, "Loading…");
  readonly #notice = h("span");
  readonly #kernel = h("p", { class: "xm-kernel", role: "status" }, icon("warning"), this.#notice);

  // A sheet that is adopted, which a page may have whose policy forbids style elements.
  readonly #sheet = new CSSStyleSheet();
  #hides = "";

  constructor(
    readonly store: Store,
    label: string,
    readonly main: HTMLElement,
    signal: AbortSignal,
  ) {
    this.main.hidden = this.#kernel.hidden = true;
    this.element = h("article", { class: "xm", "aria-label": label }, this.#kernel, this.#waiting, this.main);
    on(this.element, "keydown", signal, keep);
    const patience = setTimeout(() => {
      this.#waiting.textContent = "Nothing came from the kernel yet. If it was restarted, run the cell again.";
    }, PATIENCE_MS);
    const ticker = setInterval(() => this.#tick(), TICK_MS);
    signal.addEventListener("abort", () => {
      clearTimeout(patience);
      clearInterval(ticker);
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== this.#sheet);
    });
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.#sheet];
  }

  update(): void {
    const { state } = this.store;
    if (!state) return;
    this.#waiting.hidden = true;
    this.main.hidden = false;
    attribute(this.element, "data-status", state.status);
    this.#hide(state.execution_id);
    this.#tick();
  }

  #hide(executionId: string): void {
    if (this.#hides === executionId) return;
    this.#hides = executionId;
    this.#sheet.replaceSync(hidden(executionId));
  }

  #tick(): void {
    const words = this.store.state ? kernelWords(this.store) : "";
    text(this.#notice, words);
    this.#kernel.hidden = words === "";
  }
}

/** Keys pressed in the view are the view's: JupyterLab would go to the next cell, or delete this one. */
function keep(event: KeyboardEvent): void {
  if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
}

/** What the reader should know of the kernel; nothing while it speaks. */
function kernelWords(store: Store): string {
  const { kernel } = store;
  const last = `This is the last state it told${store.ended ? "" : "; the execution may have gone on"}.`;
  if (kernel === "saved") return "As it was saved: no kernel speaks for this execution.";
  if (kernel === "silent") return `No sign of the kernel since ${timeOfDay(store.heard).slice(0, 8)}. ${last}`;
  if (kernel === "closed" && !store.ended) return `The kernel has closed this view. ${last}`;
  return "";
}

/** A notebook keeps the execution as plain HTML too, for readers without a kernel: not beside the live one. */
function hidden(execution: string): string {
  const place = `[data-execmon="${CSS.escape(execution)}"]`;
  return `${place}, .jp-OutputArea-child:has(> .jp-OutputArea-output ${place}) { display: none !important; }`;
}
