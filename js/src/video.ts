// A device's own video, decoded on the page: packets of H.264 as the device made them, in order.
//
// A packet that leans on one that was lost shows nothing but smears, so after a gap, an error or too many
// packets under way nothing is decoded before the next key frame, which is asked for. Chrome takes a decoder
// away that was idle for long; with the next key frame there is a new one.

/** Pictures that may be with the decoder; beyond, what follows is dropped up to the next key frame. */
const MAX_IN_FLIGHT = 6;
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
    else if (this.#underWay.size >= MAX_IN_FLIGHT) return this.#lose();
    this.#decode(packet);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#asking);
    this.#drop();
  }

  /** Get ready for a key frame. */
  #begin(format: string | undefined): void {
    this.#lost = false;
    clearInterval(this.#asking);
    this.#asking = undefined;
    const full = this.#underWay.size >= MAX_IN_FLIGHT;
    if (this.#decoder?.state === "configured" && format === this.#format && !full) return;
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
    this.hooks.picture(packet, image);
  }

  #failed(decoder: VideoDecoder, error: DOMException): void {
    if (decoder !== this.#decoder) return;
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
    if (decoder && decoder.state !== "closed") decoder.close();
  }
}
