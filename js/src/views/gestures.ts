// What a reader does on a canvas, as gestures in fractions of the picture.

import type { Gesture, Size } from "../source";
import { Composing } from "./composing";

/** A finger that stays this near and this short taps; one that stays longer presses. */
const SLOP_PX = 6;
const PRESS_MS = 500;
const PRESS_SECONDS = 0.6;
/** Turns of the wheel, and typed characters, are gathered for so long. */
const GATHER_MS = 120;
const LINE_PX = 32;
/** A longer text is refused; execmon_lab/control/gestures.py has the same bound. */
const TEXT_LENGTH = 10_000;
const KEYS: Record<string, string> = {
  Enter: "enter",
  Backspace: "backspace",
  Delete: "delete",
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
  Escape: "back",
  Home: "home",
};

export type Point = { x: number; y: number };
/** `picture` is the size of the picture that the gesture began on: it may have turned since. */
type Send = (gesture: Gesture, picture: Size) => void;

/** Listen to a canvas while `enabled` holds. Tab is left to the page, so that nobody is caught here. */
export class Gestures {
  #start: (Point & { at: number; clientX: number; clientY: number; picture: Size }) | undefined;
  #moved = false;
  #pressing: ReturnType<typeof setTimeout> | undefined;
  #wheel: (Point & { dx: number; dy: number; picture: Size }) | undefined;
  #typed = "";
  readonly #composing: Composing;
  #gathering: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly canvas: HTMLCanvasElement,
    readonly enabled: () => boolean,
    readonly send: Send,
    readonly refuse: (reason: string) => void,
    signal: AbortSignal,
  ) {
    const listen = <K extends keyof HTMLElementEventMap>(event: K, handler: (event: HTMLElementEventMap[K]) => void) =>
      canvas.addEventListener(event, (happened) => this.enabled() && handler(happened), { signal, passive: false });
    listen("pointerdown", (event) => this.#down(event));
    listen("pointermove", (event) => this.#move(event));
    listen("pointerup", (event) => this.#up(event));
    listen("pointercancel", () => this.drop());
    listen("wheel", (event) => this.#turn(event));
    listen("contextmenu", (event) => event.preventDefault());
    listen("keydown", (event) => this.#key(event));
    // Where text is composed on the canvas, Chromium pastes at the page.
    const paste = (event: ClipboardEvent) => this.#focused && this.enabled() && this.#paste(event);
    canvas.ownerDocument.addEventListener("paste", paste, { signal, capture: true });
    this.#composing = new Composing(canvas, (text) => this.#type(text));
    signal.addEventListener("abort", () => this.drop());
  }

  /** Take characters that several keys make, or do not, as `enabled` has become. */
  update(): void {
    this.#composing.switch(this.enabled());
  }

  /** Forget what has begun. */
  drop(): void {
    clearTimeout(this.#pressing);
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    this.#start = this.#wheel = undefined;
    this.#typed = "";
  }

  #down(event: PointerEvent): void {
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    if (event.button === 2) return this.#do({ do: "key", key: "back" });
    if (event.button !== 0 || this.#start) return;
    this.canvas.setPointerCapture?.(event.pointerId);
    const { clientX, clientY } = event;
    const start = { ...this.#place(event), at: performance.now(), clientX, clientY, picture: this.#size };
    this.#start = start;
    this.#moved = false;
    this.#pressing = setTimeout(() => {
      this.#start = undefined;
      this.#do({ do: "press", x: start.x, y: start.y, seconds: PRESS_SECONDS }, start.picture);
    }, PRESS_MS);
  }

  #move(event: PointerEvent): void {
    const start = this.#start;
    if (!start || this.#moved) return;
    this.#moved = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > SLOP_PX;
    if (this.#moved) clearTimeout(this.#pressing);
  }

  #up(event: PointerEvent): void {
    this.#move(event);
    clearTimeout(this.#pressing);
    const start = this.#start;
    this.#start = undefined;
    if (!start) return;
    const { x, y, picture } = start;
    if (!this.#moved) return this.#do({ do: "tap", x, y }, picture);
    const end = this.#place(event);
    const seconds = Math.min(10, (performance.now() - start.at) / 1000);
    this.#do({ do: "swipe", x1: x, y1: y, x2: end.x, y2: end.y, seconds }, picture);
  }

  #turn(event: WheelEvent): void {
    event.preventDefault();
    const { width, height } = this.canvas.getBoundingClientRect();
    const unit = event.deltaMode === 1 ? LINE_PX : event.deltaMode === 2 ? height : 1;
    const [dx, dy] = [bounded((event.deltaX * unit) / width), bounded((event.deltaY * unit) / height)];
    if (!this.#wheel || !fits(this.#wheel.dx + dx) || !fits(this.#wheel.dy + dy)) this.#flush();
    const before = this.#wheel ?? { ...this.#place(event), dx: 0, dy: 0, picture: this.#size };
    this.#wheel = { ...before, dx: before.dx + dx, dy: before.dy + dy };
    this.#gather();
  }

  #key(event: KeyboardEvent): void {
    if (event.isComposing || isShortcut(event)) return;
    const key = KEYS[event.key];
    if (!key && !isCharacter(event)) return;
    event.preventDefault();
    event.stopPropagation();
    if (key) return this.#do({ do: "key", key });
    this.#type(event.key);
  }

  #paste(event: ClipboardEvent): void {
    event.preventDefault();
    const text = (event.clipboardData?.getData("text") ?? "").replace(/\r\n?/g, "\n");
    if (text.length > TEXT_LENGTH) {
      return this.refuse(`Not pasted: ${text.length} characters, and ${TEXT_LENGTH} are the most`);
    }
    if (text) this.#do({ do: "text", text });
  }

  #type(character: string): void {
    if (this.#wheel) this.#flush();
    this.#typed += character;
    this.#gather();
  }

  #gather(): void {
    this.#gathering ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  /** Send what was gathered, so that what follows comes after it. */
  #flush(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    const [wheel, text] = [this.#wheel, this.#typed];
    this.#wheel = undefined;
    this.#typed = "";
    if (wheel && (wheel.dx || wheel.dy)) {
      const { picture, ...turns } = wheel;
      this.send({ do: "scroll", ...turns }, picture);
    }
    if (text) this.send({ do: "text", text }, this.#size);
  }

  #do(gesture: Gesture, picture = this.#size): void {
    this.#flush();
    this.send(gesture, picture);
  }

  get #focused(): boolean {
    return (this.canvas.getRootNode() as Document | ShadowRoot).activeElement === this.canvas;
  }

  get #size(): Size {
    return [this.canvas.width, this.canvas.height];
  }

  #place(event: MouseEvent): Point {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const share = (part: number, whole: number) => Math.min(1, Math.max(0, part / (whole || 1)));
    return { x: share(event.clientX - left, width), y: share(event.clientY - top, height) };
  }
}

function isCharacter(event: KeyboardEvent): boolean {
  return [...event.key].length === 1;
}

/** Whether a key is the page's or the browser's: Ctrl, Alt and Cmd, but for what types a third sign on a key. */
function isShortcut(event: KeyboardEvent): boolean {
  if (!event.ctrlKey && !event.altKey && !event.metaKey) return false;
  const option = event.altKey && !event.ctrlKey && !event.metaKey && /Mac|iPhone|iPad/.test(navigator.platform);
  return !((option || event.getModifierState("AltGraph")) && isCharacter(event));
}

function bounded(shift: number): number {
  return Math.min(0.8, Math.max(-0.8, shift));
}

function fits(shift: number): boolean {
  return bounded(shift) === shift;
}
