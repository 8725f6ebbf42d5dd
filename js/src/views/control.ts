// Taking the device in hand: the switch, the device's own keys, and what becomes of each touch.

import { attribute, h, icon, on, text, type IconName } from "../dom";
import type { Gesture, Size } from "../source";
import type { Store } from "../store";
import { Gestures, type Point } from "./gestures";
import type { Picture } from "./picture";

const BUTTONS: { key: string; label: string; name: IconName }[] = [
  { key: "back", label: "Back", name: "back" },
  { key: "home", label: "Home", name: "home" },
  { key: "recents", label: "Recent apps", name: "recents" },
];
/** After this long without an answer the reader is told that the kernel does not hear. */
const PATIENCE_MS = 1_500;
const HINT_MS = 4_000;
const RIPPLE_MS = 700;

export class ControlView {
  readonly toggle = h(
    "button",
    { type: "button", class: "xm-button xm-control", "aria-pressed": "false" },
    icon("hand"),
    "Control",
  );
  /** Tells what lies under the finger as code, and touches nothing; there while no step is at work. */
  readonly pick = h("button", { type: "button", class: "xm-button xm-pick", "aria-pressed": "false" }, icon("pick"), "Pick");
  /** Back, Home and Recents, there while control is on. */
  readonly bar = h("div", { class: "xm-keys", role: "group", "aria-label": "Keys of the device" });
  readonly note = h("p", { class: "xm-control-note" });
  /** Lies over the picture, and takes no touches itself. */
  readonly overlay = h("div", { class: "xm-touches", "aria-hidden": "true" });
  readonly hint = h("p", { class: "xm-hint", role: "status" });
  readonly #gestures: Gestures;
  #device: string | undefined;
  #reason = "";
  #picking = false;
  #hiding: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly store: Store,
    readonly picture: Picture,
    signal: AbortSignal,
  ) {
    for (const { key, label, name } of BUTTONS) {
      const attributes = { type: "button", class: "xm-button", "aria-label": label, title: label } as const;
      const button = h("button", attributes, icon(name));
      on(button, "click", signal, () => this.#send({ do: "key", key }, [picture.canvas.width, picture.canvas.height]));
      this.bar.append(button);
    }
    this.hint.hidden = true;
    this.#gestures = new Gestures(
      picture.canvas,
      () => this.active,
      (gesture, size) => this.#send(gesture, size),
      (reason) => this.#tell(reason),
      signal,
    );
    on(this.toggle, "click", signal, () => this.store.source.control?.switch(!this.#on));
    on(this.pick, "click", signal, () => {
      this.#picking = !this.#picking;
      this.update(this.#device, this.#reason);
    });
    signal.addEventListener("abort", () => clearTimeout(this.#hiding));
  }

  /** Whether the device is not there, rather than not shown yet. */
  get #away(): boolean {
    const device = this.store.state?.devices.find(({ device_id }) => device_id === this.#device);
    return device?.status === "offline" || device?.status === "unauthorized";
  }

  get #on(): boolean {
    return this.store.source.control?.on ?? false;
  }

  /** Whether no step is at work on the device. */
  get #idle(): boolean {
    const state = this.store.state;
    if (state?.status !== "running") return true;
    return (state.paused ?? []).some((pause) => pause.device_id === this.#device && pause.status === "paused");
  }

  /** Whether touches on the picture are taken: to the device, or to tell what lies there. */
  get active(): boolean {
    return (this.#on || this.#picking) && this.#reason === "" && this.picture.shown !== undefined;
  }

  /** `reason` tells why there is nothing to touch; without a device the switch is away. */
  update(device: string | undefined, reason: string): void {
    if (device !== this.#device) this.#gestures.drop();
    this.#device = device;
    this.#reason = reason;
    const on = this.#on;
    const usable = on && reason === "" && device !== undefined;
    const pickable = this.store.source.control !== undefined && device !== undefined && this.#idle && reason === "";
    this.#picking &&= pickable;
    this.pick.hidden = !pickable;
    attribute(this.pick, "aria-pressed", String(this.#picking));
    attribute(this.pick, "title", "Click on the picture to have what lies there as a line of code");
    this.toggle.hidden = !this.store.source.control || device === undefined;
    this.toggle.disabled = reason !== "" && !on;
    attribute(this.toggle, "aria-pressed", String(on));
    attribute(this.toggle, "title", reason || (on ? "Let go of the device" : "Touch the device on its picture"));
    this.bar.hidden = !usable;
    const note = this.#noteText(on);
    text(this.note, note);
    this.note.hidden = note === "";
    const { canvas } = this.picture;
    canvas.classList.toggle("xm-touchable", this.active);
    canvas.classList.toggle("xm-pickable", this.#picking);
    attribute(canvas, "tabindex", this.active ? 0 : undefined);
    attribute(canvas, "role", this.active ? "application" : "img");
    attribute(canvas, "data-lm-suppress-shortcuts", this.active ? "true" : undefined);
    if (!usable && !this.#picking) this.#gestures.drop();
    this.#gestures.update();
  }

  #noteText(on: boolean): string {
    if (this.#picking) return "Click on what you want as code: nothing is touched";
    if (this.toggle.hidden || (!on && !this.#away)) return "";
    if (this.#reason) return `No control: ${lower(this.#reason)}`;
    const step = this.store.state?.steps.find(
      ({ status, device_id }) => status === "running" && device_id === this.#device,
    );
    if (step && !this.store.ended) return `${step.module_id} is running: your touches mix with its own`;
    return "Click, drag, scroll and type on the picture";
  }

  #send(gesture: Gesture, picture: Size): void {
    const { control } = this.store.source;
    const device_id = this.#device;
    if (!control || device_id === undefined) return;
    if (this.#picking) {
      if (gesture.do !== "tap") return this.#tell("Pick takes clicks alone; switch it off to touch the device");
      gesture = { do: "pick", x: gesture.x, y: gesture.y };
    }
    this.#show(gesture);
    const patience = setTimeout(() => this.#tell("The kernel is busy and has not answered yet"), PATIENCE_MS);
    void control.touch({ device_id, gesture, picture, at: this.store.now() }).then((refused) => {
      clearTimeout(patience);
      if (refused !== null) this.#tell(`Not done: ${refused}`);
    });
  }

  #tell(words: string): void {
    text(this.hint, words);
    this.hint.hidden = false;
    clearTimeout(this.#hiding);
    this.#hiding = setTimeout(() => (this.hint.hidden = true), HINT_MS);
  }

  #show(gesture: Gesture): void {
    switch (gesture.do) {
      case "tap":
      case "pick":
      case "press":
        this.#mark(gesture.do, gesture);
        return;
      case "scroll":
        return this.#trail(gesture, { x: gesture.x - gesture.dx, y: gesture.y - gesture.dy });
      case "swipe":
        return this.#trail({ x: gesture.x1, y: gesture.y1 }, { x: gesture.x2, y: gesture.y2 });
    }
  }

  #trail(from: Point, to: Point): void {
    const { clientWidth: width, clientHeight: height } = this.overlay;
    const [dx, dy] = [(to.x - from.x) * width, (to.y - from.y) * height];
    const line = this.#mark("line", from);
    line.style.width = `${Math.hypot(dx, dy)}px`;
    line.style.rotate = `${Math.atan2(dy, dx)}rad`;
    this.#mark("end", to);
  }

  #mark(kind: string, { x, y }: Point): HTMLElement {
    const mark = h("span", { class: "xm-mark", "data-kind": kind });
    mark.style.left = `${x * 100}%`;
    mark.style.top = `${y * 100}%`;
    this.overlay.append(mark);
    setTimeout(() => mark.remove(), RIPPLE_MS);
    return mark;
  }
}

function lower(sentence: string): string {
  return sentence.slice(0, 1).toLowerCase() + sentence.slice(1);
}
