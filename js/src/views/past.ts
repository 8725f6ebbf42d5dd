// The recorded picture of the cursor's moment, over the live one.

import { attribute, h, on, text } from "../dom";
import { timeOfDay } from "../format";
import type { Quality } from "../messages";
import { Seeker } from "../seeker";
import type { Past, PastFrame, Seek } from "../source";
import type { Store } from "../store";

/** Of the shorter side, in the specification's quality "medium" ("Request Live Preview"). */
const MEDIUM_PIXELS = 540;

export class PastView {
  readonly element: HTMLElement;
  readonly canvas = h("canvas", { class: "xm-past-canvas", role: "img" });
  readonly #notice = h("span", { class: "xm-past-notice" });
  readonly #time = h("span", { class: "xm-past-time" });
  readonly #live = h("button", { type: "button", class: "xm-past-live" }, "Live");
  #device: string | undefined;
  #seeker: Seeker | undefined;
  #at: number | undefined;
  #drawn: PastFrame | undefined;
  #turn = 0;

  constructor(
    readonly store: Store,
    readonly signal: AbortSignal,
    /** Where there are several pictures, one badge is enough. */
    badge = true,
  ) {
    this.element = h("span", { class: "xm-past" }, this.canvas, this.#notice);
    if (badge) this.element.append(h("span", { class: "xm-past-badge" }, this.#time, this.#live));
    this.element.hidden = true;
    this.store.cursor.follow(() => this.#seek(), signal);
    on(this.#live, "click", signal, () => this.store.cursor.set(null));
    signal.addEventListener("abort", () => this.#seeker?.stop());
  }

  /** Show a device as it was at the cursor; away while that is at the present, or without a device. */
  update(device: string | undefined): void {
    const { at } = this.store.cursor;
    this.#device = device;
    this.#seek();
    this.element.hidden = at === null || device === undefined;
    if (at === null) return;
    text(this.#time, timeOfDay(new Date(at).toISOString()));
    text(this.#live, this.store.ended ? "End" : "Live");
    attribute(this.#live, "aria-label", this.store.ended ? "Back to the end" : "Back to live");
    if (!this.store.source.seek) this.#tell("No pictures are recorded here");
  }

  #seek(): void {
    const { at } = this.store.cursor;
    const [device, { seek }] = [this.#device, this.store.source];
    if (at === null || device === undefined || !seek) {
      this.#seeker?.stop();
      this.#at = undefined;
      return;
    }
    if (this.#seeker?.device === device && at === this.#at) return;
    const quality = this.#quality();
    if (this.#seeker?.device !== device || this.#seeker.quality !== quality) {
      this.#begin(device, quality, seek.bind(this.store.source));
    }
    this.#at = at;
    this.#seeker!.go(at);
  }

  /** As many pixels as are shown, where that is known. */
  #quality(): Quality {
    const box = this.element.parentElement?.getBoundingClientRect(); // what it lies over: itself may still be hidden
    const pixels = box ? Math.min(box.width, box.height) * devicePixelRatio : 0;
    return pixels && pixels <= MEDIUM_PIXELS ? "medium" : "high";
  }

  #begin(device: string, quality: Quality, seek: Seek): void {
    if (this.#seeker?.device !== device) this.canvas.hidden = true;
    this.#seeker?.stop();
    this.#drawn = this.#at = undefined;
    const seeker: Seeker = new Seeker(device, seek, quality, (at, frame) => {
      if (seeker === this.#seeker) void this.#found(at, frame);
    });
    this.#seeker = seeker;
  }

  async #found(at: number, frame: Past | undefined): Promise<void> {
    const turn = ++this.#turn;
    if (frame === undefined) return this.#tell(`No answer from ${this.store.source.sender ?? "the kernel"} yet`);
    if (frame === null) return this.#tell("No picture of this moment");
    if (typeof frame === "string") {
      this.canvas.hidden = true; // what stood before it went is not what was to be seen
      this.#drawn = undefined;
      return this.#tell(`No picture: ${frame}`);
    }
    if (frame.number !== this.#drawn?.number) {
      try {
        const picture = await createImageBitmap(new Blob([frame.jpeg], { type: "image/jpeg" }));
        const current = turn === this.#turn && !this.signal.aborted;
        if (current) this.#paint(frame, picture);
        picture.close();
        if (!current) return;
      } catch (error) {
        return this.#tell(`A picture could not be read: ${String(error)}`);
      }
    }
    if (!frame.glimpse) this.canvas.dataset["at"] = String(at);
    this.#tell(frame.from > at ? "The first picture, from a little later" : "");
  }

  #paint(frame: PastFrame, picture: ImageBitmap): void {
    const { canvas } = this;
    if (canvas.width !== picture.width || canvas.height !== picture.height) {
      canvas.width = picture.width;
      canvas.height = picture.height;
    }
    canvas.getContext("2d")?.drawImage(picture, 0, 0);
    canvas.hidden = false;
    canvas.dataset["number"] = String(frame.number);
    const then = timeOfDay(new Date(frame.from).toISOString());
    attribute(canvas, "aria-label", `Screen of ${frame.device_id} as it was at ${then}`);
    this.#drawn = frame;
  }

  #tell(notice: string): void {
    text(this.#notice, notice);
    this.#notice.hidden = notice === "";
    // A picture of another moment would be taken for the one of this.
    attribute(this.element, "data-none", notice !== "" && !notice.startsWith("The first"));
  }
}
