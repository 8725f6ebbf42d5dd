// The notebook's source: custom messages over the widget's comm.
//
// A kernel whose cell blocks may not hear the page, so nothing here waits for an answer: the kernel sends a
// snapshot unasked until a page greets it, and goes on with its frames when acknowledgements stay away.

import type { AnyModel } from "@anywidget/types";

import { isLoopback } from "./loopback";
import type { Line } from "./logbook";
import type { LogEntry, ServerMessage } from "./messages";
import { Questions } from "./questions";
import type { CodeLine, Control, Drawing, Frame, KeptLines, KeptLog, Listener, Past, PastFrame, PreviewProblem, Script, Seek, Source, Stream, Touch, Wanted } from "./source";
import { type Order, Steering } from "./steering";
import { canDecode, type Packet, VideoPlayer } from "./video";

/** The kernel gives a sign of life within this time; see execmon_lab/widgets/pulse.py. */
const PULSE_MS = 10_000;
/** Frames drawn between two acknowledgements: each costs the page a repaint while the kernel is idle. */
const ACKNOWLEDGE_EVERY = 16;
/** But the kernel hears of what was drawn once a second, */
const ACKNOWLEDGE_MS = 1_000;
/** and sooner while pictures come late, so that fewer are on their way. */
const LATE_MS = 300;
const ACKNOWLEDGE_EVERY_LATE = 4;
/** How often a page that shows a picture says that it is still there; the kernel forgets it after three. */
const PRESENCE_MS = 5_000;
/** How often a page that was not answered greets again: while a page is loaded again, messages can be lost. */
const GREETING_MS = 2_000;

/** After a device's video was given up it is tried again, ever more rarely. */
const VIDEO_RETRY_MS = 30_000;
const VIDEO_RETRY_MS_MAX = 600_000;
/** How long a browser may take to say whether it decodes video; until then it is not said what is watched. */
const DECODER_MS = 1_000;

type Notice =
  | { kind: "alive" }
  | { kind: "closed" }
  | { kind: "lines"; page: string; id: number; lost: number; refused: string | null }
  | { kind: "messages"; now: number }
  | { kind: "snapshot"; now: number; lost: number; page: string | null }
  | ({ kind: "frame" } & Omit<Frame, "jpeg">)
  | ({ kind: "video" } & Omit<Packet, "data">)
  | ({ kind: "problem" } & PreviewProblem)
  | { kind: "screenshot"; url: string; found: boolean }
  | ({ kind: "past"; page: string; id: number; found: boolean; reason?: string } & Omit<PastFrame, "jpeg">)
  | { kind: "cancelled"; page: string; id: number; refused: string | null }
  | { kind: "touched"; page: string; id: number; refused: string | null }
  | { kind: "code"; lines: CodeLine[] }
  | { kind: "steered"; page: string; id: number; refused: string | null; continued?: boolean };

/** What is told of a stream with an acknowledgement: how many frames were drawn, and how old on average. */
type Seen = Drawing & { frames: number };

/** A device's video that was given up: why, and when it is tried again. */
interface GivenUp {
  reason: string | undefined;
  wait: number;
  retry: ReturnType<typeof setTimeout>;
}

export class CommSource implements Source {
  readonly pulse = PULSE_MS;
  readonly #page = randomId();
  #listener: Listener | undefined;
  #welcomed = false;
  #streams: Stream[] = [];
  /** Whether this page shows devices' own video; undefined until the browser has said so. */
  #decodes: boolean | undefined;
  #players = new Map<string, VideoPlayer>();
  #givenUp = new Map<string, GivenUp>();
  #acknowledged = 0;
  #acknowledgedAt = performance.now();
  #seen = new Map<string, Seen>();
  /** The newest frame of a stream that was drawn: several views draw the same. */
  #drawn = new Map<string, number>();
  readonly control: Control | undefined;
  readonly steering: Steering | undefined;
  readonly script: Script | undefined;
  #code: CodeLine[] = [];
  readonly log: KeptLog | undefined;
  readonly #touches = new Questions<string | null>();
  readonly #cancels = new Questions<string | null>();
  readonly #seeks = new Questions<Past>();
  readonly #lines = new Questions<KeptLines>();
  #presence: ReturnType<typeof setInterval> | undefined;
  #greeting: ReturnType<typeof setInterval> | undefined;
  #screenshots = new Map<string, PromiseWithResolvers<string>>();
  #objectUrls: string[] = [];

  constructor(
    readonly model: AnyModel,
    readonly serverUrl: string | null = null,
    readonly mayCancel = false,
    mayControl = false,
  ) {
    if (mayControl) {
      this.control = this.#makeControl();
      this.script = this.#makeScript();
    }
    if (model.get("may_load")) this.log = this.#makeLog();
    if (model.get("may_steer")) {
      const send = (id: number, order: Order) => this.#send({ kind: "steer", id, order });
      this.steering = new Steering(send, this.#steered, () => model.get("pause_on_failure") ?? undefined);
    }
  }

  open(listener: Listener): void {
    this.#listener = listener;
    this.model.on("msg:custom", this.#receive);
    this.model.on("change:control", this.#controlled);
    this.model.on("change:pause_on_failure", this.#steered);
    addEventListener("pagehide", this.#leave);
    const greet = () => this.#send({ kind: "hello" });
    greet();
    this.#greeting = setInterval(greet, GREETING_MS);
    const late = setTimeout(() => this.#mayDecode(false), DECODER_MS);
    void canDecode().then((able) => {
      clearTimeout(late);
      this.#mayDecode(able);
    });
  }

  close(): void {
    this.#leave();
    clearInterval(this.#greeting);
    for (const { retry } of this.#givenUp.values()) clearTimeout(retry);
    this.model.off("msg:custom", this.#receive);
    this.model.off("change:control", this.#controlled);
    this.model.off("change:pause_on_failure", this.#steered);
    removeEventListener("pagehide", this.#leave);
    for (const url of this.#objectUrls) URL.revokeObjectURL(url);
    this.#listener = undefined;
  }

  watch(streams: Stream[]): void {
    const same = JSON.stringify(streams) === JSON.stringify(this.#streams);
    this.#streams = streams;
    if (same) return;
    for (const [device, player] of this.#players) {
      if (!streams.some(({ device_id }) => device_id === device)) this.#end(device, player);
    }
    this.#sayWatched();
    clearInterval(this.#presence);
    this.#presence = streams.length ? setInterval(() => this.#sayPresent(), PRESENCE_MS) : undefined;
  }

  drawn(number: number, drawing?: Drawing): void {
    if (drawing) this.#note(number, drawing);
    const late = (drawing?.latency_ms ?? 0) > LATE_MS;
    const now = performance.now();
    const enough = number - this.#acknowledged >= (late ? ACKNOWLEDGE_EVERY_LATE : ACKNOWLEDGE_EVERY);
    if (!enough && now < this.#acknowledgedAt + ACKNOWLEDGE_MS) return;
    this.#acknowledged = number;
    this.#acknowledgedAt = now;
    const seen = [...this.#seen.values()];
    this.#seen.clear();
    this.#send({ kind: "drawn", number, ...(seen.length && { seen }) });
  }

  get cancel(): (() => Promise<string | null>) | undefined {
    return this.mayCancel ? () => this.#cancels.ask((id) => this.#send({ kind: "cancel", id })) : undefined;
  }

  get kept(): boolean {
    return this.model.get("kept") === true;
  }

  get seek(): Seek | undefined {
    return this.model.get("may_seek") ? this.#seek : undefined;
  }

  readonly #seek = (device_id: string, at: number, wanted: Wanted = {}): Promise<Past> =>
    this.#seeks.ask((id) => this.#send({ kind: "seek", id, device_id, at, ...wanted }));

  screenshot(url: string, failed = false): Promise<string> {
    // A page of the same machine asks the execution's server, which answers while the kernel is busy too; a lab
    // that was closed has none any more.
    if (this.serverUrl && isLoopback(location.hostname) && !failed) {
      return Promise.resolve(new URL(url, this.serverUrl).href);
    }
    let asked = this.#screenshots.get(url);
    if (!asked) {
      asked = withResolvers<string>();
      this.#screenshots.set(url, asked);
      this.#send({ kind: "screenshot", url });
    }
    return asked.promise;
  }

  readonly #receive = (notice: Notice, buffers: DataView[]): void => {
    const listener = this.#listener;
    if (!listener) return;
    switch (notice.kind) {
      case "alive":
      case "closed":
        listener.sign(notice.kind === "closed");
        break;
      case "lines":
        if (notice.page !== this.#page) break;
        this.#lines.answer(notice.id, { ...notice, entries: read(buffers[0]) as LogEntry[] });
        break;
      case "messages":
        if (this.#welcomed) listener.messages(read(buffers[0]), notice.now);
        break;
      case "snapshot":
        // Another page's is as good while this one has none of its own.
        if (this.#welcomed && notice.page !== this.#page) break;
        this.#welcomed = true;
        if (notice.page === this.#page) clearInterval(this.#greeting);
        listener.snapshot(read(buffers[0]), notice.now, notice.lost);
        break;
      case "frame":
        listener.frame({ ...notice, ...this.#withoutVideo(notice.device_id), jpeg: bytes(buffers[0]) });
        break;
      case "video":
        this.#play({ ...notice, data: bytes(buffers[0]) });
        break;
      case "problem":
        listener.problem(notice);
        break;
      case "screenshot":
        this.#answer(notice, buffers[0]);
        break;
      case "past":
        if (notice.page !== this.#page) break;
        this.#seeks.answer(notice.id, notice.found ? { ...notice, jpeg: bytes(buffers[0]) } : (notice.reason ?? null));
        break;
      case "cancelled":
        if (notice.page === this.#page) this.#cancels.answer(notice.id, notice.refused);
        break;
      case "touched":
        if (notice.page !== this.#page) break;
        this.#touches.answer(notice.id, notice.refused);
        break;
      case "code":
        this.#code = notice.lines;
        listener.controlled();
        break;
      case "steered":
        if (notice.page === this.#page) this.steering?.answer(notice.id, notice.refused, notice.continued);
        break;
    }
  };

  #mayDecode(able: boolean): void {
    if (able === this.#decodes || !this.#listener) return;
    this.#decodes = able;
    if (this.#streams.length) this.#sayWatched();
  }

  #play(packet: Packet): void {
    const device = packet.device_id;
    if (!this.#decodesFor(device) || !this.#streams.some(({ device_id }) => device_id === device)) return;
    let player = this.#players.get(device);
    if (!player) {
      player = new VideoPlayer({
        picture: (shown, image) => this.#show(shown, image),
        needKey: () => this.#send({ kind: "key", device_id: device }),
        failed: (reason) => this.#giveUpVideo(device, reason),
      });
      this.#players.set(device, player);
    }
    player.take(packet);
  }

  #show(packet: Packet, image: VideoFrame): void {
    const { data, sequence: _, key: __, format: ___, ...facts } = packet;
    const [width, height] = [image.displayWidth, image.displayHeight];
    const watched = this.#streams.filter(({ device_id }) => device_id === packet.device_id);
    watched.forEach(({ quality }, index) => {
      const video = { image: index ? image.clone() : image, bytes: data.byteLength };
      this.#listener?.frame({ ...facts, quality, width, height, jpeg: new Uint8Array(), video });
    });
    if (!watched.length) image.close();
  }

  /** Go back to JPEG, and try again later; what was drawn last stands until the kernel hears of it. */
  #giveUpVideo(device: string, reason: string): void {
    console.info(`execmon_lab: ${device} is shown by JPEG from now on: ${reason}`);
    this.#players.delete(device);
    const before = this.#givenUp.get(device);
    const wait = before ? Math.min(before.wait * 2, VIDEO_RETRY_MS_MAX) : VIDEO_RETRY_MS;
    this.#givenUp.set(device, { reason, wait, retry: setTimeout(() => this.#tryVideo(device), wait) });
    this.#sayWatched();
    this.#listener?.problem({ device_id: device, message: `The video was given up: ${reason}. Waiting for JPEG…` });
  }

  #tryVideo(device: string): void {
    this.#givenUp.get(device)!.reason = undefined;
    if (this.#streams.length) this.#sayWatched();
  }

  #decodesFor(device: string): boolean {
    return this.#decodes === true && this.#givenUp.get(device)?.reason === undefined;
  }

  #withoutVideo(device: string): { withoutVideo?: string } {
    const reason = this.#givenUp.get(device)?.reason;
    return reason === undefined ? {} : { withoutVideo: reason };
  }

  #end(device: string, player: VideoPlayer): void {
    player.close();
    this.#players.delete(device);
  }

  #answer(notice: { url: string; found: boolean }, picture: DataView | undefined): void {
    const asked = this.#screenshots.get(notice.url);
    if (!asked) return;
    if (!notice.found) {
      this.#screenshots.delete(notice.url);
      asked.reject(new Error(`no screenshot at ${notice.url}`));
      return;
    }
    const url = URL.createObjectURL(new Blob([bytes(picture)], { type: "image/png" }));
    this.#objectUrls.push(url);
    asked.resolve(url);
  }

  /** Tell of several frames as of one, with the mean of their ages. */
  #note(number: number, drawing: Drawing): void {
    const key = `${drawing.quality} ${drawing.device_id}`;
    if (number <= (this.#drawn.get(key) ?? 0)) return;
    this.#drawn.set(key, number);
    const frames = this.#seen.get(key)?.frames ?? 0;
    const before = this.#seen.get(key)?.latency_ms ?? 0;
    const latency_ms = (before * frames + drawing.latency_ms) / (frames + 1);
    this.#seen.set(key, { ...drawing, latency_ms, frames: frames + 1 });
  }

  /** The kernel's word is the trait's; the page's own counts until that comes, for the kernel may be busy. */
  #makeControl(): Control {
    let on = Boolean(this.model.get("control"));
    const source = this;
    this.#controlled = () => {
      on = Boolean(this.model.get("control"));
      this.#listener?.controlled();
    };
    return {
      get on() {
        return on;
      },
      switch(wanted) {
        on = wanted;
        source.#send({ kind: "control", on });
        source.#listener?.controlled();
      },
      touch: (touch) => source.#touch(touch),
    };
  }

  #makeScript(): Script {
    const source = this;
    return {
      get lines() {
        return source.#code;
      },
      forget: () => source.#send({ kind: "forget" }),
    };
  }

  #makeLog(): KeptLog {
    const place = ({ time, device, message, source }: Line) => ({
      at: time,
      device_id: device,
      message,
      ...(source === "logcat" && { source }),
    });
    return {
      earlier: (first) => this.#lines.ask((id) => this.#send({ kind: "earlier", id, first: place(first) })),
      shed: (after, skip, count) =>
        this.#lines.ask((id) => this.#send({ kind: "shed", id, after: place(after), skip, count })),
    };
  }

  #touch(touch: Touch): Promise<string | null> {
    return this.#touches.ask((id) => this.#send({ kind: "touch", id, ...touch }));
  }

  #controlled = (): void => {};

  readonly #steered = (): void => this.#listener?.controlled();

  readonly #leave = (): void => {
    this.watch([]);
  };

  /** An acknowledgement tells it as well. */
  #sayPresent(): void {
    if (performance.now() - this.#acknowledgedAt >= PRESENCE_MS) this.#sayWatched();
  }

  #sayWatched(): void {
    if (this.#decodes === undefined) return;
    const streams = this.#streams.map((stream) =>
      this.#decodesFor(stream.device_id) ? { ...stream, decodes: ["h264"] } : stream,
    );
    this.#send({ kind: "watch", streams });
  }

  #send(content: Record<string, unknown>): void {
    try {
      this.model.send({ ...content, page: this.#page });
    } catch {
      // A kernel that was restarted has no ear for this comm any more, as one that died: what it told can be read
      // on, and that no sign of life comes is told by the shell.
    }
  }
}

function read(buffer: DataView | undefined): ServerMessage[] {
  return buffer ? JSON.parse(new TextDecoder().decode(buffer)) : [];
}

function bytes(buffer: DataView | undefined): Uint8Array<ArrayBuffer> {
  if (!buffer) return new Uint8Array();
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
}

/** `crypto.randomUUID` and `Promise.withResolvers` are missing on plain http and in older browsers. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

interface PromiseWithResolvers<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
