// The device's picture, in a frame like a phone's, and the buttons that steer it.

import { attribute, children, h, icon, on, text } from "../dom";
import type { DeviceState, ExecutionSnapshot, Quality } from "../messages";
import type { Frame, PreviewProblem, Stream } from "../source";
import type { Store, Viewer } from "../store";

const QUALITIES: Record<Quality, string> = { low: "Low", medium: "Medium", high: "High" };
const DEVICE_STATES: Record<DeviceState, string> = {
  available: "ready",
  busy: "in use",
  offline: "offline",
  unauthorized: "not authorized",
};

export class PreviewView implements Viewer {
  readonly element: HTMLElement;
  readonly #canvas = h("canvas", { class: "xm-canvas", role: "img", width: 360, height: 640 });
  readonly #notice = h("p", { class: "xm-notice" });
  readonly #again = h("button", { type: "button", class: "xm-button xm-again" }, icon("play"), "Start preview");
  readonly #veil = h("div", { class: "xm-veil" }, this.#notice, this.#again);
  readonly #phone = h(
    "div",
    { class: "xm-phone" },
    h("div", { class: "xm-screen" }, this.#canvas, this.#veil),
  );
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
  #device: string | undefined;
  #wanted = true;
  #onScreen = true;
  #problem = "";
  #shown: Stream | undefined;
  #waiting: Frame | undefined;
  #drawing = false;

  constructor(
    readonly store: Store,
    readonly signal: AbortSignal,
  ) {
    this.element = h(
      "section",
      { class: "xm-preview", "aria-label": "Live preview" },
      h("div", { class: "xm-device" }, this.#dot, this.#serial, this.#devices, this.#deviceState),
      this.#phone,
      h("div", { class: "xm-controls" }, this.#toggle, this.#quality),
    );
    this.#quality.value = "medium";
    on(this.#toggle, "click", signal, () => this.#want(!this.#wanted));
    on(this.#again, "click", signal, () => this.#want(true));
    on(this.#quality, "change", signal, () => this.#look());
    on(this.#devices, "change", signal, () => this.#choose(this.#devices.value));
    this.#gate();
  }

  update(): void {
    const state = this.store.state;
    if (!state) return;
    if (this.#device === undefined && state.devices[0]) this.#choose(state.devices[0].device_id);
    this.#showDevices(state);
    this.#showVeil();
  }

  frame(frame: Frame): void {
    if (frame.device_id !== this.#device || frame.quality !== this.#quality.value || !this.#wanted) return;
    this.#waiting = frame;
    this.#problem = "";
    if (!this.#drawing) void this.#draw();
  }

  problem(problem: PreviewProblem): void {
    if (problem.device_id !== this.#device) return;
    this.#problem = problem.message;
    this.#showVeil();
  }

  /** Only what is on screen is asked for. */
  #gate(): void {
    const seen = { intersects: true };
    const decide = () => {
      const onScreen = seen.intersects && document.visibilityState !== "hidden";
      if (onScreen === this.#onScreen) return;
      this.#onScreen = onScreen;
      this.#look();
    };
    const observer = new IntersectionObserver((entries) => {
      seen.intersects = entries.at(-1)?.isIntersecting ?? false;
      decide();
    });
    observer.observe(this.#phone);
    document.addEventListener("visibilitychange", decide, { signal: this.signal });
    this.signal.addEventListener("abort", () => observer.disconnect());
  }

  #choose(device: string): void {
    this.#device = device;
    this.#shown = undefined;
    this.#look();
  }

  #want(wanted: boolean): void {
    this.#wanted = wanted;
    this.#look();
  }

  #look(): void {
    this.#problem = "";
    const stream = this.#stream();
    this.store.look(this, stream && this.#wanted && this.#onScreen ? stream : undefined);
    const known = stream && this.store.picture(stream);
    if (known) this.frame(known);
    this.#showVeil();
  }

  #stream(): Stream | undefined {
    if (this.#device === undefined) return undefined;
    return { device_id: this.#device, quality: this.#quality.value as Quality };
  }

  /** Draw the newest frame; those that came while another was drawn are passed over. */
  async #draw(): Promise<void> {
    this.#drawing = true;
    try {
      for (let frame = this.#waiting; frame; frame = this.#waiting) {
        this.#waiting = undefined;
        const picture = await createImageBitmap(new Blob([frame.jpeg], { type: "image/jpeg" }));
        if (this.signal.aborted) return picture.close();
        this.#paint(frame, picture);
        picture.close();
        this.store.source.drawn(frame.number);
      }
    } catch (error) {
      this.problem({ device_id: this.#device ?? "", message: `A picture could not be read: ${String(error)}` });
    } finally {
      this.#drawing = false;
    }
  }

  #paint(frame: Frame, picture: ImageBitmap): void {
    const canvas = this.#canvas;
    if (canvas.width !== picture.width || canvas.height !== picture.height) {
      canvas.width = picture.width;
      canvas.height = picture.height;
      this.#phone.classList.toggle("xm-landscape", picture.width > picture.height);
    }
    canvas.getContext("2d")?.drawImage(picture, 0, 0);
    canvas.dataset["frame"] = String(frame.number);
    canvas.dataset["timestamp"] = frame.timestamp;
    if (this.#shown?.device_id === frame.device_id) return;
    this.#shown = { device_id: frame.device_id, quality: frame.quality };
    attribute(canvas, "aria-label", `Screen of ${frame.device_id}`);
    this.#showVeil();
  }

  #showDevices(state: ExecutionSnapshot): void {
    const several = state.devices.length > 1;
    const device = state.devices.find((known) => known.device_id === this.#device);
    this.#devices.hidden = !several;
    this.#serial.hidden = several;
    text(this.#serial, this.#device ?? "No device");
    attribute(this.#serial, "title", this.#device);
    attribute(this.#dot, "data-status", device?.status ?? "offline");
    text(this.#deviceState, device ? DEVICE_STATES[device.status] : "");
    if (several && this.#devices.options.length !== state.devices.length) {
      children(
        this.#devices,
        state.devices.map(({ device_id }) => h("option", { value: device_id }, device_id)),
      );
      this.#devices.value = this.#device ?? "";
    }
  }

  #showVeil(): void {
    const shown = this.#shown !== undefined && this.#shown.device_id === this.#device;
    const notice = this.#noticeText(shown);
    text(this.#notice, notice);
    this.#again.hidden = this.#wanted;
    this.#veil.hidden = notice === "";
    attribute(this.#veil, "data-clear", shown);
    const label = this.#wanted ? "Stop" : "Start";
    if (this.#toggle.textContent !== label) {
      this.#toggle.replaceChildren(icon(this.#wanted ? "stop" : "play"), label);
      attribute(this.#toggle, "aria-label", `${label} preview`);
    }
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
