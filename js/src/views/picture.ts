// A canvas that shows the newest frame of a device.

import { attribute, h } from "../dom";
import type { Meter } from "../meter";
import { canShrink, decodeJpeg, Race, Shrinker } from "../shrinking";
import type { Frame, Size } from "../source";
import type { Store } from "../store";

export class Picture {
  readonly canvas = h("canvas", { class: "xm-canvas", role: "img", "aria-label": "Screen of the device", width: 360, height: 640 });
  /** The frame that is on the canvas. */
  shown: Frame | undefined;
  #waiting: Frame | undefined;
  #drawing = false;
  /** Counts the pictures whose drawing began; and the newest of them that what is to come must not lie behind. */
  #begun = 0;
  #floor = 0;
  readonly #race = new Race();
  readonly #shrinker = new Shrinker();
  /** Pixels of the screen that there are for the canvas; undefined while that is not known. */
  #room: { width: number; height: number } | undefined;

  constructor(
    readonly store: Store,
    readonly meter: Meter,
    readonly painted: (frame: Frame) => void,
    readonly failed: (reason: string) => void,
    readonly signal: AbortSignal,
  ) {}

  /** Draw no more pixels than the page shows `within` an element: a phone has several times as many, and each costs. */
  fit(within: Element = this.canvas): void {
    const observer = new ResizeObserver(([entry]) => {
      const ratio = Math.max(1, devicePixelRatio); // less, and a canvas as large as its pixels would be small
      const width = Math.ceil((entry?.contentRect.width ?? 0) * ratio);
      const most = parseFloat(getComputedStyle(this.canvas).maxHeight) || Infinity; // "none" is no number
      this.#room = width ? { width, height: Math.ceil(most * ratio) } : undefined;
    });
    observer.observe(within);
    this.signal.addEventListener("abort", () => observer.disconnect());
  }

  /** Show a frame; `live` unless it is an old one that was kept. */
  show(frame: Frame, live: boolean): void {
    if (live) this.meter.receive(performance.now(), frame.video?.bytes ?? frame.jpeg.byteLength);
    const wanted = live ? frame : { ...frame, again: true };
    if (frame.video) return this.#play(wanted, frame.video.image);
    this.#waiting = wanted;
    if (!this.#drawing) void this.#draw();
  }

  /** The canvas is another device's from now on. */
  clear(): void {
    this.shown = undefined;
    this.#waiting = undefined;
    this.#floor = this.#begun;
  }

  /** Draw a picture of a video, which has been decoded: whatever is still being decoded is older. */
  #play(frame: Frame, image: VideoFrame): void {
    this.#waiting = undefined;
    const turn = ++this.#begun;
    const size = this.#fitted(frame);
    const began = performance.now();
    const way = canShrink(image, size[0]) ? this.#race.way(`${frame.width}x${frame.height} to ${size}`) : undefined;
    if (way === "here") return void this.#shrink(turn, frame, image, size, began);
    this.#paint(turn, frame, size, draw(image, size));
    if (way) this.#race.took(way, performance.now() - began);
  }

  async #shrink(turn: number, frame: Frame, image: VideoFrame, size: Size, began: number): Promise<void> {
    try {
      const pixels = await this.#shrinker.shrink(image, ...size);
      this.#paint(turn, frame, size, (pen) => pen.putImageData(pixels, 0, 0));
      this.#race.took("here", performance.now() - began);
    } catch (error) {
      this.#race.failed("here");
      this.failed(`A picture could not be read: ${String(error)}`);
    }
  }

  /** Draw the newest frame; those that came while another was drawn are passed over. */
  async #draw(): Promise<void> {
    this.#drawing = true;
    try {
      for (let frame = this.#waiting; frame; frame = this.#waiting) {
        this.#waiting = undefined;
        const turn = ++this.#begun;
        const size = this.#fitted(frame);
        const picture = await decodeJpeg(frame.jpeg, frame, size[0]);
        this.#paint(turn, frame, size, draw(picture, size));
        picture.close();
      }
    } catch (error) {
      this.failed(`A picture could not be read: ${String(error)}`);
    } finally {
      this.#drawing = false;
    }
  }

  /** The size that a frame has on the canvas. */
  #fitted({ width, height }: Frame): Size {
    const room = this.#room ?? { width, height };
    const scale = Math.min(1, room.width / width, room.height / height);
    return [Math.round(width * scale), Math.round(height * scale)];
  }

  #paint(turn: number, frame: Frame, [width, height]: Size, paint: (pen: CanvasRenderingContext2D) => void): void {
    if (turn <= this.#floor || this.signal.aborted) return;
    this.#floor = turn;
    const canvas = this.canvas;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const pen = canvas.getContext("2d", { alpha: false });
    if (pen) paint(pen);
    canvas.dataset["frame"] = String(frame.number);
    canvas.dataset["timestamp"] = frame.timestamp;
    attribute(canvas, "aria-label", `Screen of ${frame.device_id}`);
    this.shown = frame;
    this.painted(frame);
    this.#tell(frame);
  }

  #tell(frame: Frame): void {
    const { device_id, quality, number } = frame;
    const latency_ms = this.store.age(frame.timestamp);
    this.meter.draw(performance.now(), frame.again ? undefined : latency_ms);
    const drawing = frame.again ? [] : [{ device_id, quality, latency_ms, clock: this.store.clock }];
    this.store.source.drawn(number, ...drawing);
  }
}

function draw(picture: CanvasImageSource, [width, height]: Size) {
  return (pen: CanvasRenderingContext2D): void => {
    pen.imageSmoothingQuality = "medium"; // letters made three times smaller need it
    pen.drawImage(picture, 0, 0, width, height);
  };
}
