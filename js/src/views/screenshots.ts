// Screenshots, small in a row and large in a dialog.

import { h, icon, on } from "../dom";
import type { Source } from "../source";

export class Screenshots {
  readonly element: HTMLDialogElement;
  readonly #picture = h("img", { class: "xm-shot", alt: "" });
  readonly #caption = h("p", { class: "xm-shot-caption" });

  constructor(
    readonly source: Source,
    signal: AbortSignal,
  ) {
    const close = h("button", { type: "button", class: "xm-button xm-close", "aria-label": "Close" }, icon("close"));
    this.element = h(
      "dialog",
      { class: "xm-dialog", "data-lm-suppress-shortcuts": "true" },
      h("div", { class: "xm-shot-head" }, this.#caption, close),
      this.#picture,
    );
    on(close, "click", signal, () => this.element.close());
    on(this.element, "click", signal, (event) => {
      if (event.target === this.element) this.element.close();
    });
  }

  /** A button with the picture on it, loaded when it comes in sight. */
  thumbnail(url: string, label: string, signal: AbortSignal, look = "xm-thumb-small"): HTMLElement {
    const picture = h("img", { class: "xm-thumb-picture", alt: "", loading: "lazy", decoding: "async" });
    const button = h(
      "button",
      { type: "button", class: `xm-thumb ${look}`, "aria-label": label, title: label },
      picture,
    );
    void this.#load(url, picture, button);
    on(button, "click", signal, () => this.#show(url, label));
    return button;
  }

  async #load(url: string, picture: HTMLImageElement, button: HTMLElement): Promise<void> {
    const missing = () => button.replaceChildren(icon("picture"));
    picture.addEventListener("error", missing, { once: true });
    try {
      picture.src = await this.source.screenshot(url);
    } catch {
      missing();
    }
  }

  #show(url: string, label: string): void {
    this.#caption.textContent = label;
    this.#picture.alt = label;
    this.#picture.removeAttribute("src");
    this.element.showModal();
    this.source.screenshot(url).then(
      (address) => (this.#picture.src = address),
      () => (this.#caption.textContent = `${label} (not kept any more)`),
    );
  }
}
