// What was done by hand, as lines of code to copy into a module.

import { copy } from "../clipboard";
import { attribute, h, icon, on, text } from "../dom";
import type { CodeLine } from "../source";
import type { Store } from "../store";

const TOLD_MS = 1_500;

export class CodeView {
  readonly element: HTMLElement;
  readonly #list = h("ol", { class: "xm-code-lines", role: "list", tabindex: 0, "aria-label": "Lines of code" });
  readonly #copyAll = h("button", { type: "button", class: "xm-button" });
  readonly #forget = h("button", { type: "button", class: "xm-button" }, "Clear");
  readonly #told = h("span", { class: "xm-hidden", role: "status" });
  readonly #signal: AbortSignal;
  #lines: CodeLine[] = [];

  constructor(
    readonly store: Store,
    signal: AbortSignal,
  ) {
    this.#signal = signal;
    this.#copyAll.append(icon("copy"), "Copy all");
    this.element = h(
      "section",
      { class: "xm-code-list", role: "group", "aria-label": "By hand, as code" },
      h("div", { class: "xm-code-head" }, h("h3", {}, "As code"), this.#copyAll, this.#forget, this.#told),
      this.#list,
    );
    this.element.hidden = true;
    on(this.#copyAll, "click", signal, () => this.#copy(this.#copyAll, this.#lines.map(({ code }) => code).join("\n")));
    on(this.#forget, "click", signal, () => this.store.source.script?.forget());
  }

  /** Lines of this device, or of all. */
  update(device: string | undefined): void {
    const all = this.store.source.script?.lines ?? [];
    const lines = all.filter(({ device_id }) => device === undefined || device_id === device);
    this.element.hidden = lines.length === 0;
    const same = lines.length === this.#lines.length && lines.every((line, i) => line === this.#lines[i]);
    if (same) return;
    this.#lines = lines;
    this.#list.replaceChildren(...lines.map(({ code }) => this.#line(code)));
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  #line(code: string): HTMLElement {
    const label = `Copy ${code}`;
    const button = h("button", { type: "button", class: "xm-code-copy", "aria-label": label, title: "Copy" }, icon("copy"));
    on(button, "click", this.#signal, () => this.#copy(button, code));
    return h("li", {}, h("code", {}, code), button);
  }

  #copy(button: HTMLElement, code: string): void {
    void copy(code).then((done) => {
      text(this.#told, done ? "Copied" : "The browser does not allow copying here");
      attribute(button, "data-copied", done);
      setTimeout(() => attribute(button, "data-copied", false), TOLD_MS);
    });
  }
}
