// Screenshots, small in a row and large in a dialog.

import { h, icon, on } from "../dom";
import type { Past, Source } from "../source";

/** A picture is loaded once its place has been there for so long. */
const RESTING_MS = 250;

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

  /** A button with the picture on it, loaded when it comes in sight; `opened` is told when it is shown large. */
  thumbnail(
    url: string,
    label: string,
    signal: AbortSignal,
    look = "xm-thumb-small",
    opened: () => void = () => undefined,
  ): HTMLElement {
    return this.#button(() => this.source.screenshot(url), label, signal, look, opened);
  }

  /** The same of a recorded picture; `missing` is called when there is none. */
  recorded(
    find: () => Promise<Past | undefined>,
    label: string,
    signal: AbortSignal,
    missing: () => void,
    opened: () => void,
  ): HTMLElement {
    const address = find().then((frame) => {
      if (!frame || typeof frame === "string" || signal.aborted) throw new Error("no picture was recorded");
      const url = URL.createObjectURL(new Blob([frame.jpeg], { type: "image/jpeg" }));
      signal.addEventListener("abort", () => URL.revokeObjectURL(url));
      return url;
    });
    address.catch(missing);
    return this.#button(() => address, label, signal, "xm-thumb-large", opened);
  }

  #button(
    address: () => Promise<string>,
    label: string,
    signal: AbortSignal,
    look: string,
    opened: () => void,
  ): HTMLElement {
    const picture = h("img", { class: "xm-thumb-picture", alt: "", loading: "lazy", decoding: "async" });
    const button = h(
      "button",
      { type: "button", class: `xm-thumb ${look}`, "aria-label": label, title: label },
      picture,
    );
    // Rows that only pass by are not worth a question to the kernel.
    const resting = setTimeout(() => void this.#load(address, picture, button), RESTING_MS);
    signal.addEventListener("abort", () => clearTimeout(resting));
    on(button, "click", signal, () => {
      opened();
      this.#show(address, label);
    });
    return button;
  }

  async #load(address: () => Promise<string>, picture: HTMLImageElement, button: HTMLElement): Promise<void> {
    const missing = () => button.replaceChildren(icon("picture"));
    picture.addEventListener("error", missing, { once: true });
    try {
      picture.src = await address();
    } catch {
      missing();
    }
  }

  #show(address: () => Promise<string>, label: string): void {
    this.#caption.textContent = label;
    this.#picture.alt = label;
    this.element.setAttribute("aria-label", label);
    this.#picture.removeAttribute("src");
    this.element.showModal();
    address().then(
      (url) => (this.#picture.src = url),
      () => (this.#caption.textContent = `${label} (not kept any more)`),
    );
  }
}
