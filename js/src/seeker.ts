// Finds a device's recorded pictures while the cursor moves: one question at a time, the newest next.
//
// A picture of a video takes decoding from the key frame before it. So the first question about a moment is
// hasty: what was decoded in a short time is shown, and only when the cursor has come to rest the right one is waited for.

import type { Quality } from "./messages";
import type { Past, PastFrame, Seek } from "./source";

/** Pictures that are kept: of half the size of a phone's screen about 60 KB each. */
const KEPT = 96;
/** A question that was not answered for so long is given up: a kernel that was restarted answers none. */
const PATIENCE_MS = 4_000;

export class Seeker {
  #kept: PastFrame[] = [];
  #wanted: number | undefined;
  #asking = 0;
  #asked = 0;
  #patience: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly device: string,
    readonly seek: Seek,
    /** Of what is decoded anew: a smaller picture comes sooner. */
    readonly quality: Quality,
    /** What was found of the moment that was last wanted; undefined when no answer came. */
    readonly found: (at: number, past: Past | undefined) => void,
  ) {}

  /** Want the picture of a moment; at once where it is known. */
  go(at: number): void {
    this.#wanted = at;
    const known = this.#kept.find(({ from, until }) => from <= at && at < until);
    if (known) {
      this.#keep(known);
      this.found(at, known);
    } else if (!this.#asking) {
      void this.#ask(at, true);
    }
  }

  /** Want none; what is still answered is kept. */
  stop(): void {
    this.#wanted = undefined;
    clearTimeout(this.#patience);
  }

  async #ask(at: number, hasty: boolean): Promise<void> {
    const question = (this.#asking = ++this.#asked);
    const given = new Promise<undefined>((resolve) => {
      this.#patience = setTimeout(() => resolve(undefined), PATIENCE_MS);
    });
    const past = await Promise.race([this.seek(this.device, at, { hasty, quality: this.quality }), given]);
    clearTimeout(this.#patience);
    if (question !== this.#asking) return;
    this.#asking = 0;
    if (past && typeof past === "object") this.#keep(past);
    if (this.#wanted === undefined) return;
    // While the cursor moves on, what was found on its way is shown too.
    this.found(at, past);
    if (this.#wanted !== at) this.go(this.#wanted);
    else if (hasty && isGlimpse(past)) void this.#ask(at, false);
  }

  #keep(frame: PastFrame): void {
    this.#kept = [frame, ...this.#kept.filter(({ number }) => number !== frame.number)].slice(0, KEPT);
  }
}

function isGlimpse(past: Past | undefined): boolean {
  return past !== null && typeof past === "object" && past.glimpse === true;
}
