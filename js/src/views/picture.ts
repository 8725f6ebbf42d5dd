// A canvas that shows the newest frame of a device.

import { attribute, h } from "../dom";
import type { Meter } from "../meter";
import type { Frame } from "../source";
import type { Store } from "../store";

export class Picture {
  readonly canvas = h("canvas", { class: "xm-canvas", role: "img", "aria-label": "Screen of the device", width: 360, height: 640 });
  /** The frame that is on the canvas. */
  shown: Frame | undefined;
  #waiting: Frame | undefined;
  #drawing = false;
  #epoch = 0;
  /** Pixels of the screen that the canvas has from left to right; undefined while that is not known. */
  #room: number | undefined;

  constructor(
    readonly store: Store,
    readonly meter: Meter,
    readonly painted: (frame: Frame) => void,
    readonly failed: (reason: string) => void,
    readonly signal: AbortSignal,
  ) {}

  /** Draw no more pixels than the page shows: a phone has several times as many, and each costs. */
  fit(): void {
    const observer = new ResizeObserver(([entry]) => {
      const room = Math.ceil((entry?.contentRect.width ?? 0) * devicePixelRatio);
      this.#room = room || undefined;
    });
    observer.observe(this.canvas);
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
    this.#epoch += 1;
  }

  /** Draw a picture of a video, which has been decoded: whatever is still being decoded is older. */
  #play(frame: Frame, image: VideoFrame): void {
    this.#waiting = undefined;
    this.#epoch += 1;
    if (this.signal.aborted) return;
    this.#paint(frame, image, image.displayWidth, image.displayHeight);
    this.#tell(frame);
  }

  /** Draw the newest frame; those that came while another was drawn are passed over. */
  async #draw(): Promise<void> {
    this.#drawing = true;
    try {
      for (let frame = this.#waiting; frame; frame = this.#waiting) {
        this.#waiting = undefined;
        const epoch = this.#epoch;
        const picture = await createImageBitmap(new Blob([frame.jpeg], { type: "image/jpeg" }));
        if (this.signal.aborted) return picture.close();
        const current = epoch === this.#epoch;
        if (current) this.#paint(frame, picture, picture.width, picture.height);
        picture.close();
        if (current) this.#tell(frame);
      }
    } catch (error) {
      this.failed(`A picture could not be read: ${String(error)}`);
    } finally {
      this.#drawing = false;
    }
  }

  #paint(frame: Frame, picture: CanvasImageSource, width: number, height: number): void {
    const canvas = this.canvas;
    const scale = Math.min(1, (this.#room ?? width) / width);
    const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== across || canvas.height !== down) {
      canvas.width = across;
      canvas.height = down;
    }
    const pen = canvas.getContext("2d", { alpha: false });
    if (pen) {
      pen.imageSmoothingQuality = "medium"; // letters made three times smaller need it
      pen.drawImage(picture, 0, 0, across, down);
    }
    canvas.dataset["frame"] = String(frame.number);
    canvas.dataset["timestamp"] = frame.timestamp;
    attribute(canvas, "aria-label", `Screen of ${frame.device_id}`);
    this.shown = frame;
    this.painted(frame);
  }

  #tell(frame: Frame): void {
    const { device_id, quality, number } = frame;
    const latency_ms = this.store.age(frame.timestamp);
    this.meter.draw(performance.now(), frame.again ? undefined : latency_ms);
    const drawing = frame.again ? [] : [{ device_id, quality, latency_ms, clock: this.store.clock }];
    this.store.source.drawn(number, ...drawing);
  }
}
