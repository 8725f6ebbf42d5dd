// What became of the frames of the last seconds.

const WINDOW_MS = 2_000;

export interface Figures {
  framesPerSecond: number;
  bytesPerSecond: number;
  /** Median milliseconds from capture to drawing; undefined when nothing was drawn. */
  latency: number | undefined;
}

export class Meter {
  #received: { at: number; bytes: number }[] = [];
  #drawn: { at: number; latency: number | undefined }[] = [];

  receive(now: number, bytes: number): void {
    this.#received.push({ at: now, bytes });
    this.#forget(now);
  }

  /** Count a frame as drawn; `latency` where its age says something of the way. */
  draw(now: number, latency: number | undefined): void {
    this.#drawn.push({ at: now, latency });
    this.#forget(now);
  }

  figures(now: number): Figures {
    this.#forget(now);
    const latencies = this.#drawn.flatMap(({ latency }) => latency ?? []).sort((a, b) => a - b);
    return {
      framesPerSecond: (this.#drawn.length * 1000) / WINDOW_MS,
      bytesPerSecond: (this.#received.reduce((sum, { bytes }) => sum + bytes, 0) * 1000) / WINDOW_MS,
      latency: latencies[Math.floor(latencies.length / 2)],
    };
  }

  clear(): void {
    this.#received = [];
    this.#drawn = [];
  }

  #forget(now: number): void {
    while (this.#received[0] && this.#received[0].at <= now - WINDOW_MS) this.#received.shift();
    while (this.#drawn[0] && this.#drawn[0].at <= now - WINDOW_MS) this.#drawn.shift();
  }
}
