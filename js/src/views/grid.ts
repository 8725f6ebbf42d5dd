// All devices of an execution side by side; only those on screen are asked for.

import { attribute, children, h, on, text } from "../dom";
import { DEVICE_STATES } from "../format";
import type { Meter } from "../meter";
import type { DeviceSummary, ExecutionSnapshot } from "../messages";
import type { Frame, PreviewProblem, Stream } from "../source";
import type { Store } from "../store";
import { PastView } from "./past";
import { Picture } from "./picture";

/** Tiles are small. */
const QUALITY = "low";

export class GridView {
  readonly element = h("div", { class: "xm-grid", role: "list", "aria-label": "All devices" });
  readonly #tiles = new Map<string, Tile>();

  constructor(
    readonly store: Store,
    readonly meter: Meter,
    /** What is on screen is other tiles now. */
    readonly moved: () => void,
    readonly open: (device: string) => void,
    readonly signal: AbortSignal,
  ) {
    this.element.hidden = true;
  }

  update(state: ExecutionSnapshot): void {
    const tiles = state.devices.map((device) => {
      const tile = this.#tiles.get(device.device_id) ?? this.#newTile(device.device_id);
      tile.update(device, state);
      return tile.element;
    });
    children(this.element, tiles);
  }

  /** The streams of the tiles that are on screen. */
  streams(): Stream[] {
    return [...this.#tiles.values()].filter((tile) => tile.onScreen).map((tile) => tile.stream);
  }

  /** What is on them. */
  frames(): Frame[] {
    return [...this.#tiles.values()].flatMap((tile) => (tile.onScreen && tile.shown) || []);
  }

  frame(frame: Frame): void {
    if (frame.quality === QUALITY) this.#tiles.get(frame.device_id)?.show(frame, true);
  }

  problem(problem: PreviewProblem): void {
    this.#tiles.get(problem.device_id)?.fail(problem.message);
  }

  /** Show what is known of each already. */
  recall(): void {
    for (const tile of this.#tiles.values()) {
      const known = this.store.picture(tile.stream);
      if (known) tile.show(known, false);
    }
  }

  #newTile(device: string): Tile {
    const tile = new Tile(device, this.store, this.meter, this.moved, () => this.open(device), this.signal);
    this.#tiles.set(device, tile);
    return tile;
  }
}

class Tile {
  readonly element: HTMLElement;
  readonly stream: Stream;
  onScreen = false;
  readonly #picture: Picture;
  readonly #past: PastView;
  readonly #dot = h("span", { class: "xm-dot", "aria-hidden": "true" });
  readonly #step = h("span", { class: "xm-tile-step" });
  readonly #notice = h("span", { class: "xm-tile-notice" }, "Waiting for the picture…");
  #problem = "";

  constructor(device: string, store: Store, meter: Meter, moved: () => void, open: () => void, signal: AbortSignal) {
    this.stream = { device_id: device, quality: QUALITY };
    this.#picture = new Picture(store, meter, () => this.fail(""), (reason) => this.fail(reason), signal);
    this.#past = new PastView(store, signal, false);
    const screen = h("span", { class: "xm-tile-screen" }, this.#picture.canvas, this.#notice, this.#past.element);
    this.#picture.fit(screen);
    const button = h(
      "button",
      { type: "button", class: "xm-tile", "data-device": device, title: `Show ${device} alone` },
      screen,
      h("span", { class: "xm-tile-head" }, this.#dot, h("b", { title: device }, device)),
      this.#step,
    );
    on(button, "click", signal, open);
    this.element = h("div", { role: "listitem" }, button);
    const observer = new IntersectionObserver((entries) => {
      const onScreen = entries.at(-1)?.isIntersecting ?? false;
      if (onScreen === this.onScreen) return;
      this.onScreen = onScreen;
      this.#past.update(onScreen ? device : undefined);
      moved();
    });
    observer.observe(this.element);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  update(device: DeviceSummary, state: ExecutionSnapshot): void {
    const step = state.steps.find(({ status, device_id }) => status === "running" && device_id === device.device_id);
    attribute(this.#dot, "data-status", device.status);
    const standing = `${DEVICE_STATES[device.status]} · ${step?.module_id ?? "no step running"}`;
    text(this.#step, standing);
    attribute(this.#step, "title", standing);
    const away = device.status === "offline" || device.status === "unauthorized";
    attribute(this.element, "data-away", away);
    this.#past.update(this.onScreen ? device.device_id : undefined);
    this.#showNotice();
  }

  get shown(): Frame | undefined {
    return this.#picture.shown;
  }

  show(frame: Frame, live: boolean): void {
    this.#picture.show(frame, live);
  }

  fail(reason: string): void {
    this.#problem = reason;
    this.#showNotice();
  }

  #showNotice(): void {
    const notice = this.#problem || (this.#picture.shown ? "" : "Waiting for the picture…");
    text(this.#notice, notice);
    this.#notice.hidden = notice === "";
  }
}
