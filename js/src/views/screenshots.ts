// Screenshots, small in a row and large in a dialog.

import { h, icon, on } from "../dom";
import type { Past, Source } from "../source";

/** A picture is loaded once its place has been there for so long. */
const RESTING_MS = 250;

/** Gives a picture's address; another one where the first did not load. */
type Find = (failed: boolean) => Promise<string>;

const MISSING = "not to be had: it is not kept any more, or nobody is there to give it";

/** Load a picture, by its second address where the first gives none; `missing` as long as there is none. */
export function loadPicture(picture: HTMLImageElement, find: Find, missing: () => void): void {
  const load = async (failed: boolean) => {
    try {
      picture.src = await find(failed);
    } catch {
      missing();
    }
  };
  let failures = 0;
  picture.addEventListener("error", () => {
    missing();
    // What is hidden meanwhile would wait for ever to come in sight.
    picture.loading = "eager";
    if (++failures === 1) void load(true);
  });
  void load(false);
}

export class Screenshots {
  readonly element: HTMLDialogElement;
  #picture = h("img", { class: "xm-shot", alt: "" });
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
    return this.#button((failed) => this.source.screenshot(url, failed), label, signal, look, opened);
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
    const given = (failed: boolean) => (failed ? Promise.reject(new Error(MISSING)) : address);
    return this.#button(given, label, signal, "xm-thumb-large", opened);
  }

  #button(find: Find, label: string, signal: AbortSignal, look: string, opened: () => void): HTMLElement {
    const picture = h("img", { class: "xm-thumb-picture", alt: "", loading: "lazy", decoding: "async" });
    const button = h(
      "button",
      { type: "button", class: `xm-thumb ${look}`, "aria-label": label, title: label },
      picture,
    );
    const none = icon("picture");
    const missing = () => {
      button.title = `${label} (${MISSING})`;
      // It stays where it is, for the picture may still come.
      picture.hidden = true;
      button.append(none);
    };
    picture.addEventListener("load", () => {
      button.title = label;
      picture.hidden = false;
      none.remove();
    });
    // Rows that only pass by are not worth a question to the kernel.
    const resting = setTimeout(() => loadPicture(picture, find, missing), RESTING_MS);
    signal.addEventListener("abort", () => clearTimeout(resting));
    on(button, "click", signal, () => {
      opened();
      this.#show(find, label);
    });
    return button;
  }

  #show(find: Find, label: string): void {
    const picture = h("img", { class: "xm-shot", alt: label });
    this.#caption.textContent = label;
    this.#picture.replaceWith(picture);
    this.#picture = picture;
    this.element.showModal();
    loadPicture(picture, find, () => (this.#caption.textContent = `${label} (${MISSING})`));
    picture.addEventListener("load", () => (this.#caption.textContent = label));
  }
}
