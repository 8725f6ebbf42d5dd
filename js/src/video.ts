// A device's own video, decoded on the page: packets of H.264 as the device made them, in order.
//
// A packet that leans on one that was lost shows nothing but smears, so after a gap, an error or too many
// packets under way nothing is decoded before the next key frame, which is asked for. Chrome takes a decoder
// away that was idle for long; with the next key frame there is a new one. A decoder that takes packets and
// gives no picture is given up.

/** Pictures that may be with the decoder; beyond, what follows is dropped up to the next key frame. */
const MAX_IN_FLIGHT = 6;
/** And as many more as a decoder keeps back, which may put pictures in another order: H.264 allows it these. */
const MAX_HELD = 16;
/** How often it is looked whether a decoder gives pictures: */
const CHECK_MS = 250;
/** where nothing follows for so many looks, it is told to give what it keeps back, */
const QUIET_CHECKS = 2;
/** and where no picture comes for so many, it is given up. Looks are counted: a page that stood still has had none. */
const BARREN_CHECKS = 12;
const NO_PICTURE = "the browser's decoder gives no picture";
/** From one request for a key frame to the next, while none comes. */
const ASK_MS = 1_000;
/** So many gaps and errors within so long, and the video is given up. */
const MAX_FAULTS = 3;
const FAULTS_MS = 30_000;
/** What every decoder of H.264 can do: constrained baseline, up to 720x480. */
const PLAINEST = "avc1.42e01e";

export interface Packet {
  device_id: string;
  /** Rises by one with each packet of the device that was sent. */
  sequence: number;
  /** Among all frames of the widget; to be acknowledged. */
  number: number;
  key: boolean;
  timestamp: string;
  source: string;
  codec: string;
  /** With a key frame: the decoder's configuration. */
  format?: string;
  data: Uint8Array<ArrayBuffer>;
}

export interface Hooks {
  /** A picture was decoded; it is the listener's to close. */
  picture(packet: Packet, image: VideoFrame): void;
  needKey(): void;
  /** There will be no more pictures: the player is closed. */
  failed(reason: string): void;
}

/** Whether this page may decode H.264: browsers have a decoder only on pages that came safely. */
export async function canDecode(): Promise<boolean> {
  if (!globalThis.isSecureContext || typeof VideoDecoder === "undefined") return false;
  try {
    return (await VideoDecoder.isConfigSupported({ codec: PLAINEST, optimizeForLatency: true })).supported === true;
  } catch {
    return false;
  }
}

export class VideoPlayer {
  #decoder: VideoDecoder | undefined;
  #format: string | undefined;
  #sequence = 0;
  /** Nothing can be decoded before the next key frame. */
  #lost = true;
  #asking: ReturnType<typeof setInterval> | undefined;
  /** Packets with the decoder, by the timestamp that they were given. */
  #underWay = new Map<number, Packet>();
  /** How many of them it keeps back at the least when it gives a picture. */
  #held = MAX_HELD;
  #checking: ReturnType<typeof setInterval> | undefined;
  /** Looks since anything was given to the decoder, and since it gave a picture. */
  #quiet = 0;
  #barren = 0;
  #faults: number[] = [];
  #closed = false;

  constructor(readonly hooks: Hooks) {}

  take(packet: Packet): void {
    if (this.#closed) return;
    const gap = packet.sequence !== this.#sequence + 1;
    this.#sequence = packet.sequence;
    if (packet.key) this.#begin(packet.format);
    else if (this.#lost) return this.#ask();
    else if (gap) return this.#fault("packets were lost on the way");
    else if (this.#full) return this.#lose();
    this.#decode(packet);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#asking);
    clearInterval(this.#checking);
    this.#drop();
  }

  get #full(): boolean {
    return this.#underWay.size - this.#held >= MAX_IN_FLIGHT;
  }

  /** Get ready for a key frame. */
  #begin(format: string | undefined): void {
    this.#lost = false;
    clearInterval(this.#asking);
    this.#asking = undefined;
    if (this.#decoder?.state === "configured" && format === this.#format && !this.#full) return;
    this.#drop();
    this.#format = format;
    const decoder = new VideoDecoder({
      output: (image) => this.#output(decoder, image),
      error: (error) => this.#failed(decoder, error),
    });
    this.#decoder = decoder;
  }

  #decode(packet: Packet): void {
    const timestamp = packet.sequence * 1_000;
    try {
      if (this.#decoder!.state === "unconfigured") {
        this.#decoder!.configure({ codec: this.#format ?? PLAINEST, optimizeForLatency: true });
      }
      this.#underWay.set(timestamp, packet);
      const type = packet.key ? "key" : "delta";
      this.#decoder!.decode(new EncodedVideoChunk({ type, timestamp, data: packet.data }));
      this.#quiet = 0;
      this.#checking ??= setInterval(() => this.#check(), CHECK_MS);
    } catch (error) {
      this.#fault(String(error));
    }
  }

  #output(decoder: VideoDecoder, image: VideoFrame): void {
    const packet = this.#underWay.get(image.timestamp);
    if (decoder !== this.#decoder || !packet) return image.close();
    for (const timestamp of this.#underWay.keys()) {
      if (timestamp <= image.timestamp) this.#underWay.delete(timestamp);
    }
    this.#held = Math.min(this.#held, this.#underWay.size);
    this.#barren = 0;
    this.hooks.picture(packet, image);
  }

  /** See whether the decoder gives pictures for what it was given. */
  #check(): void {
    if (this.#underWay.size === 0) {
      clearInterval(this.#checking);
      this.#checking = undefined;
      this.#barren = 0;
    } else if (++this.#barren >= BARREN_CHECKS) this.#giveUp(NO_PICTURE);
    else if (++this.#quiet === QUIET_CHECKS) this.#flush();
  }

  /** Have what the decoder keeps back; it needs a key frame then. */
  #flush(): void {
    const decoder = this.#decoder;
    if (decoder?.state !== "configured") return;
    const given = [...this.#underWay.keys()];
    this.#lost = true;
    // What goes wrong is told to `error`; and one that was closed meanwhile is asked for nothing.
    decoder.flush().then(() => this.#flushed(decoder, given), () => undefined);
  }

  #flushed(decoder: VideoDecoder, given: number[]): void {
    if (decoder !== this.#decoder) return;
    this.#held = MAX_HELD;
    const barren = given.filter((timestamp) => this.#underWay.delete(timestamp));
    if (barren.length) this.#fault(NO_PICTURE);
  }

  #failed(decoder: VideoDecoder, error: DOMException): void {
    if (decoder !== this.#decoder) return;
    this.#drop();
    if (error.name === "QuotaExceededError") this.#lose(); // reclaimed, which is nobody's fault
    else if (error.name === "NotSupportedError") this.#giveUp(`this browser cannot decode ${this.#format}`);
    else this.#fault(error.message);
  }

  #fault(reason: string): void {
    const now = performance.now();
    this.#faults = [...this.#faults.filter((at) => now - at < FAULTS_MS), now];
    if (this.#faults.length >= MAX_FAULTS) this.#giveUp(reason);
    else this.#lose();
  }

  #giveUp(reason: string): void {
    this.close();
    this.hooks.failed(reason);
  }

  #lose(): void {
    this.#lost = true;
    this.#ask();
  }

  /** Ask for a key frame, again and again until it comes. */
  #ask(): void {
    if (this.#asking !== undefined) return;
    this.hooks.needKey();
    this.#asking = setInterval(() => this.hooks.needKey(), ASK_MS);
  }

  #drop(): void {
    const decoder = this.#decoder;
    this.#decoder = undefined;
    this.#underWay.clear();
    this.#held = MAX_HELD;
    if (decoder && decoder.state !== "closed") decoder.close();
  }
}
