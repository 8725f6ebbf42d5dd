// The device's picture, in a frame like a phone's, and the buttons that steer it.

import { attribute, children, h, icon, on, text } from "../dom";
import { DEVICE_STATES } from "../format";
import type { ExecutionSnapshot, Quality } from "../messages";
import { Meter } from "../meter";
import type { Frame, PreviewProblem, Stream } from "../source";
import type { Store, Viewer } from "../store";
import { CodeView } from "./code";
import { ControlView } from "./control";
import { GridView } from "./grid";
import { NumbersView } from "./numbers";
import { PastView } from "./past";
import { Picture } from "./picture";

const QUALITIES: Record<Quality, string> = { low: "Low", medium: "Medium", high: "High" };
/** The choice among the devices that is all of them; no serial holds a blank. */
const ALL = "all devices";
const PAST = "The picture is of the past";

export class PreviewView implements Viewer {
  readonly element: HTMLElement;
  readonly #notice = h("p", { class: "xm-notice" });
  readonly #again = h("button", { type: "button", class: "xm-button xm-again" }, icon("play"), "Start preview");
  readonly #veil = h("div", { class: "xm-veil" }, this.#notice, this.#again);
  readonly #meter = new Meter();
  readonly #picture: Picture;
  readonly #grid: GridView;
  readonly #control: ControlView;
  readonly #code: CodeView;
  readonly #past: PastView;
  readonly #numbers: NumbersView;
  readonly #screen = h("div", { class: "xm-screen" });
  readonly #phone = h("div", { class: "xm-phone" }, this.#screen);
  readonly #dot = h("span", { class: "xm-dot", "aria-hidden": "true" });
  readonly #serial = h("span", { class: "xm-serial" });
  readonly #deviceState = h("span", { class: "xm-device-state" });
  readonly #devices = h("select", {
    class: "xm-select",
    "aria-label": "Device",
    "data-lm-suppress-shortcuts": "true",
  });
  readonly #quality = h(
    "select",
    { class: "xm-select", "aria-label": "Quality", "data-lm-suppress-shortcuts": "true" },
    ...Object.entries(QUALITIES).map(([value, label]) => h("option", { value }, label)),
  );
  readonly #toggle = h("button", { type: "button", class: "xm-button xm-toggle" });
  readonly #controls = h("div", { class: "xm-controls" });
  #device: string | undefined;
  #wanted = true;
  #inSight = true;
  #problem = "";
  #all = false;
  #live = true;

  constructor(
    readonly store: Store,
    readonly signal: AbortSignal,
    /** All devices, side by side, and no choice among them. */
    readonly together = false,
  ) {
    this.#picture = new Picture(store, this.#meter, (frame) => this.#painted(frame), (why) => this.#fail(why), signal);
    this.#grid = new GridView(store, this.#meter, () => this.#look(), (device) => this.#choose(device), signal);
    this.#past = new PastView(store, signal);
    this.#control = new ControlView(store, this.#picture, signal);
    this.#code = new CodeView(store, signal);
    const frames = () => (this.#all ? this.#grid.frames() : [this.#picture.shown].filter((frame) => frame !== undefined));
    this.#numbers = new NumbersView(store, this.#meter, frames, signal);
    const { overlay, hint, toggle, pick, bar, note } = this.#control;
    this.#screen.append(this.#picture.canvas, this.#numbers.element, overlay, hint, this.#veil, this.#past.element);
    this.element = h(
      "section",
      { class: "xm-preview", role: "group", "aria-label": together ? "Devices" : "Live preview" },
      h("div", { class: "xm-device" }, this.#dot, this.#serial, this.#devices, this.#deviceState),
      this.#phone,
      this.#grid.element,
      bar,
      this.#controls,
      note,
      this.#code.element,
    );
    this.#controls.append(this.#toggle, this.#quality, toggle, this.#numbers.toggle, pick);
    this.#controls.hidden = store.bygone;
    this.#quality.value = "medium";
    on(this.#toggle, "click", signal, () => this.#want(!this.#wanted));
    on(this.#again, "click", signal, () => this.#want(true));
    on(this.#quality, "change", signal, () => this.#look());
    on(this.#devices, "change", signal, () => this.#choose(this.#devices.value));
    this.#picture.fit();
    this.#gate();
  }

  update(): void {
    const state = this.store.state;
    if (!state) return;
    if (this.#device === undefined && state.devices[0]) {
      this.#device = state.devices[0].device_id;
      this.#choose(this.together ? ALL : this.#device);
    }
    this.#showDevices(state);
    if (this.#all) this.#grid.update(this.store.shown ?? state);
    this.#past.update(this.#all ? undefined : this.#device);
    this.#code.update(this.#all ? undefined : this.#device);
    if (this.#live === this.store.cursor.live) return this.#showVeil();
    this.#live = this.store.cursor.live;
    this.#look();
  }

  frame(frame: Frame): void {
    if (!this.#wanted || !this.#live) return;
    if (this.#all) return this.#grid.frame(frame);
    if (frame.device_id === this.#device && frame.quality === this.#quality.value) this.#show(frame, true);
  }

  problem(problem: PreviewProblem): void {
    if (this.#all) this.#grid.problem(problem);
    else if (problem.device_id === this.#device) this.#fail(problem.message);
  }

  #show(frame: Frame, live: boolean): void {
    this.#problem = "";
    this.#picture.show(frame, live);
  }

  #fail(reason: string): void {
    this.#problem = reason;
    this.#showVeil();
  }

  /** Only what is on screen is asked for. */
  #gate(): void {
    const observer = new IntersectionObserver((entries) => {
      const inSight = entries.at(-1)?.isIntersecting ?? false;
      if (inSight === this.#inSight) return;
      this.#inSight = inSight;
      if (!this.#all) this.#look();
    });
    observer.observe(this.#phone);
    document.addEventListener("visibilitychange", () => this.#look(), { signal: this.signal });
    this.signal.addEventListener("abort", () => observer.disconnect());
  }

  #choose(device: string): void {
    this.#all = device === ALL;
    if (!this.#all) this.#device = device;
    this.#inSight = true; // it is where the reader chose
    this.#devices.value = device;
    this.#picture.clear();
    this.#meter.clear();
    attribute(this.element, "data-all", this.#all);
    this.#phone.hidden = this.#quality.hidden = this.#all;
    this.#grid.element.hidden = !this.#all;
    (this.#all ? this.#grid.element : this.#picture.canvas).after(this.#numbers.element);
    if (this.#all && this.store.state) this.#grid.update(this.store.state);
    if (this.store.state) this.#showDevices(this.store.state);
    this.#past.update(this.#all ? undefined : this.#device);
    this.#look();
  }

  #want(wanted: boolean): void {
    this.#wanted = wanted;
    this.#look();
  }

  #look(): void {
    this.#problem = "";
    const streams = this.#streams();
    const onScreen = (this.#all || this.#inSight) && document.visibilityState !== "hidden";
    const seen = onScreen && this.#live;
    this.store.look(this, this.#wanted && seen ? streams : []);
    if (this.#all) {
      this.#grid.recall();
    } else {
      const known = this.#wanted && this.#live && streams[0] && this.store.picture(streams[0]);
      if (known) this.#show(known, false);
    }
    this.#showVeil();
  }

  #streams(): Stream[] {
    if (this.#all) return this.#grid.streams();
    if (this.#device === undefined) return [];
    return [{ device_id: this.#device, quality: this.#quality.value as Quality }];
  }

  #painted(frame: Frame): void {
    const { width, height } = this.#picture.canvas;
    this.#phone.classList.toggle("xm-landscape", width > height);
    attribute(this.#picture.canvas, "data-source", frame.source);
    if (!this.#veil.hidden || !this.#control.active) this.#showVeil();
  }

  #showDevices(state: ExecutionSnapshot): void {
    const several = state.devices.length > 1 && !this.together;
    const device = state.devices.find((known) => known.device_id === this.#device);
    this.#devices.hidden = !several;
    this.#serial.hidden = several || this.together;
    this.#deviceState.hidden = this.#all;
    this.#controls.hidden = this.store.bygone;
    this.#dot.hidden = this.#all || this.store.bygone;
    text(this.#serial, this.#device ?? "No device");
    attribute(this.#serial, "title", this.#device);
    attribute(this.#dot, "data-status", device?.status ?? "offline");
    text(this.#deviceState, this.store.bygone ? "as it was" : device ? DEVICE_STATES[device.status] : "");
    if (several && this.#devices.options.length !== state.devices.length + 1) {
      children(this.#devices, [
        ...state.devices.map(({ device_id }) => h("option", { value: device_id }, device_id)),
        h("option", { value: ALL }, `All ${state.devices.length} side by side`),
      ]);
      this.#devices.value = this.#all ? ALL : (this.#device ?? "");
    }
  }

  #showVeil(): void {
    const shown = this.#picture.shown !== undefined;
    const notice = this.#noticeText(shown);
    text(this.#notice, notice);
    this.#again.hidden = this.#wanted;
    this.#veil.hidden = notice === "" || !this.#live;
    attribute(this.#veil, "data-clear", shown);
    const label = this.#wanted ? "Stop" : "Start";
    if (this.#toggle.textContent !== label) {
      this.#toggle.replaceChildren(icon(this.#wanted ? "stop" : "play"), label);
      attribute(this.#toggle, "aria-label", `${label} preview`);
    }
    this.#control.update(this.#all ? undefined : this.#device, this.#live ? notice : PAST);
  }

  #noticeText(shown: boolean): string {
    const device = this.store.state?.devices.find((known) => known.device_id === this.#device);
    if (this.#device === undefined) return "No device yet";
    if (!this.#wanted) return "Preview stopped";
    if (this.#problem) return this.#problem;
    if (device?.status === "offline") return "The device is offline";
    if (device?.status === "unauthorized") return "Allow USB debugging on the device";
    return shown ? "" : "Waiting for the picture…";
  }
}
