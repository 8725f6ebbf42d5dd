// Below an execution that has ended: the one in which a step of it runs again.

import type { AnyModel, Host } from "@anywidget/types";

import { h } from "./dom";

/** A view that is higher than this has more to show than that it waits. */
const SHOWN = 200;

/** Show it, and what takes its place, until the signal. */
export function showAgain(model: AnyModel, host: Host, el: HTMLElement, signal: AbortSignal): void {
  let shown = new AbortController();
  const show = async (arrived: boolean) => {
    shown.abort();
    shown = new AbortController();
    const until = AbortSignal.any([signal, shown.signal]);
    const reference: string | null = model.get("again");
    if (!reference) return;
    const place = h("div", { class: "xm-again" });
    until.addEventListener("abort", () => place.remove());
    try {
      const { render } = await host.getWidget(reference);
      if (until.aborted) return;
      el.append(place);
      if (arrived) bringIn(place, until);
      await render({ el: place, signal: until });
    } catch (error) {
      // A saved notebook may have lost it.
      console.info(`execmon_lab: what ran again is not shown: ${String(error)}`);
    }
  };
  const changed = () => void show(true);
  model.on("change:again", changed);
  signal.addEventListener("abort", () => model.off("change:again", changed));
  void show(false);
}

/** Scroll to it once it is there: its state comes over the comm. */
function bringIn(place: HTMLElement, signal: AbortSignal): void {
  const observer = new ResizeObserver(() => {
    if (place.offsetHeight < SHOWN) return;
    observer.disconnect();
    place.scrollIntoView({ block: "nearest" });
  });
  observer.observe(place);
  signal.addEventListener("abort", () => observer.disconnect());
}
