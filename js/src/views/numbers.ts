// The figures of the picture, on the picture, when asked for.

import { attribute, children, h, icon, on } from "../dom";
import { rate } from "../format";
import type { Meter } from "../meter";
import type { Frame } from "../source";
import type { Store } from "../store";

const EVERY_MS = 500;
const CLOCKS = { same: "same machine", estimated: "estimated clock" };

export class NumbersView {
  readonly toggle = h(
    "button",
    { type: "button", class: "xm-button xm-numbers-toggle", "aria-pressed": "false", title: "Figures of the picture" },
    icon("numbers"),
    "Numbers",
  );
  readonly element = h("dl", { class: "xm-numbers" });
  #shown = false;

  constructor(
    readonly store: Store,
    readonly meter: Meter,
    /** The frames on screen; several are told together. */
    readonly frames: () => Frame[],
    signal: AbortSignal,
  ) {
    this.element.hidden = true;
    on(this.toggle, "click", signal, () => this.#flip());
    const ticker = setInterval(() => this.update(), EVERY_MS);
    signal.addEventListener("abort", () => clearInterval(ticker));
  }

  update(): void {
    if (!this.#shown) return;
    const { framesPerSecond, bytesPerSecond, latency } = this.meter.figures(performance.now());
    const frames = this.frames();
    const [frame] = frames;
    const age = latency === undefined ? "–" : `${Math.round(latency)} ms, ${CLOCKS[this.store.clock]}`;
    const rows: [string, string][] = [
      ["Drawn", `${framesPerSecond.toFixed(1)} frames/s`],
      ["Latency", age],
      ["Data", rate(bytesPerSecond)],
    ];
    if (frame && frames.length === 1) rows.push(["Size", `${frame.width}×${frame.height}, ${frame.quality}`]);
    for (const [text, count] of counted(frames.map(origin))) rows.push(["Source", count > 1 ? `${count} × ${text}` : text]);
    for (const [reason] of counted(frames.flatMap(({ withoutVideo }) => withoutVideo ?? []))) {
      rows.push(["Video", `given up: ${reason}`]);
    }
    children(
      this.element,
      rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
    );
  }

  #flip(): void {
    this.#shown = !this.#shown;
    this.element.hidden = !this.#shown;
    attribute(this.toggle, "aria-pressed", String(this.#shown));
    this.update();
  }
}

/** Where a picture comes from, and how: "scrcpy h264 → page". */
function origin({ source, codec }: Frame): string {
  if (!source) return "–";
  return codec === "h264" ? `${source} h264 → page` : `${source} → ${codec ?? "jpeg"}`;
}

function counted(texts: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
