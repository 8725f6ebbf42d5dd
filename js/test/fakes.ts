// Stand-ins for what happy-dom lacks and for the kernel's side of the comm.

import type { AnyModel } from "@anywidget/types";
import { vi } from "vitest";

import type { Line } from "../src/logbook";
import type { ExecutionSnapshot, LogEntry, ServerMessage } from "../src/messages";
import type { Control, Frame, Gesture, KeptLines, KeptLog, Listener, Past, Source, Stream, Touch } from "../src/source";

export const EXECUTION = "550e8400-e29b-41d4-a716-446655440000";
export const DEVICE = "emulator-5554";
export const NOW = Date.parse("2025-01-27T10:31:00.000Z");

export function at(seconds: number): string {
  return new Date(NOW + seconds * 1000).toISOString();
}

export function snapshot(changes: Partial<ExecutionSnapshot> = {}): ExecutionSnapshot {
  return {
    type: "execution_state",
    execution_id: EXECUTION,
    status: "running",
    progress_percentage: 0,
    current_step: "call_test_module",
    devices: [{ device_id: DEVICE, status: "busy", last_seen: at(0) }],
    steps: [
      { step_id: "s1", device_id: DEVICE, module_id: "call_test_module", status: "pending", attempts: [] },
      { step_id: "s2", device_id: DEVICE, module_id: "sms_test_module", status: "pending", attempts: [] },
    ],
    name: "smoke",
    started_at: at(-10),
    timestamp: at(0),
    ...changes,
  };
}

export function entry(message: string, changes: Partial<LogEntry> = {}): LogEntry {
  return {
    type: "log_entry",
    execution_id: EXECUTION,
    device_id: DEVICE,
    level: "INFO",
    message,
    module_id: "call_test_module",
    timestamp: at(0),
    ...changes,
  };
}

export function frame(number: number, changes: Partial<Frame> = {}): Frame {
  return {
    device_id: DEVICE,
    quality: "medium",
    width: 2,
    height: 3,
    timestamp: at(0),
    number,
    jpeg: new Uint8Array([number]),
    ...changes,
  };
}

/** A picture of a video, as a decoder gives it. */
export class FakeImage {
  closed = 0;
  format = "I420";
  colorSpace = { matrix: "bt709" };
  displayWidth = 64;
  displayHeight = 96;
  constructor(
    readonly timestamp: number,
    readonly number = timestamp,
  ) {}
  close(): void {
    this.closed += 1;
  }
  clone(): FakeImage {
    return new FakeImage(this.timestamp);
  }
}

/** A way back to the devices that notes what is sent, and answers when a test says so. */
export class FakeControl implements Control {
  on = false;
  touches: Touch[] = [];
  answer: (refused: string | null) => void = () => undefined;

  constructor(readonly changed: () => void) {}

  switch(on: boolean): void {
    this.on = on;
    this.changed();
  }

  touch(touch: Touch): Promise<string | null> {
    this.touches.push(touch);
    return new Promise((resolve) => (this.answer = resolve));
  }

  get gestures(): Gesture[] {
    return this.touches.map(({ gesture }) => gesture);
  }
}

/** A keeper of the log that has these lines, and gives a few at a time. */
export class FakeLog implements KeptLog {
  refused: string | null = null;
  asked: unknown[] = [];

  constructor(
    readonly entries: LogEntry[],
    readonly batch = 4,
  ) {}

  earlier(first: Line): Promise<KeptLines> {
    this.asked.push(first.message);
    const end = this.#find(first);
    const begin = Math.max(0, end - this.batch);
    return this.#answer(this.entries.slice(begin, end), begin);
  }

  shed(after: Line, skip: number, count: number): Promise<KeptLines> {
    this.asked.push([after.message, skip, count]);
    const own = this.entries.slice(this.#find(after) + 1).filter(({ device_id }) => device_id === after.device);
    return this.#answer(own.slice(skip, skip + Math.min(count, this.batch)), 0);
  }

  #find(line: Line): number {
    return this.entries.findIndex(({ message, device_id }) => message === line.message && device_id === line.device);
  }

  #answer(entries: LogEntry[], lost: number): Promise<KeptLines> {
    const { refused } = this;
    return Promise.resolve(refused === null ? { entries, lost, refused } : { entries: [], lost: 0, refused });
  }
}

/** A source that a test speaks for. */
export class FakeSource implements Source {
  listener!: Listener;
  watched: Stream[] = [];
  drawn = vi.fn();
  cancel: (() => Promise<string | null>) | undefined = vi.fn(() => Promise.resolve(null));
  seek?: (device_id: string, at: number) => Promise<Past>;
  control: FakeControl | undefined = new FakeControl(() => this.listener.controlled());
  log: KeptLog | undefined;
  pulse: number | undefined;
  kept = false;
  /** Where a screenshot is that the server does not give. */
  second: string | undefined;
  close = vi.fn();

  open(listener: Listener): void {
    this.listener = listener;
  }

  watch(streams: Stream[]): void {
    this.watched = streams;
  }

  screenshot(url: string, failed = false): Promise<string> {
    if (!failed) return Promise.resolve(`http://server.test${url}`);
    return this.second ? Promise.resolve(this.second) : Promise.reject(new Error("not kept"));
  }

  begin(state = snapshot(), ...rest: ServerMessage[]): void {
    this.listener.snapshot([state, ...rest], NOW, 0);
  }

  send(...messages: ServerMessage[]): void {
    this.listener.messages(messages, NOW);
  }
}

/** anywidget's model, as far as the comm source uses it. */
export class FakeModel {
  sent: Record<string, unknown>[] = [];
  traits: Record<string, unknown> = {};
  #callbacks: { event: string; callback: (content?: unknown, buffers?: DataView[]) => void }[] = [];

  get model(): AnyModel {
    return this as unknown as AnyModel;
  }

  on(event: string, callback: () => void): void {
    this.#callbacks.push({ event, callback });
  }

  off(_event: string, callback: unknown): void {
    this.#callbacks = this.#callbacks.filter((known) => known.callback !== callback);
  }

  get(name: string): unknown {
    return this.traits[name];
  }

  /** The kernel sets a trait. */
  change(name: string, value: unknown): void {
    this.traits[name] = value;
    this.#emit(`change:${name}`);
  }

  #emit(wanted: string, content?: unknown, buffers?: DataView[]): void {
    for (const { event, callback } of this.#callbacks) if (event === wanted) callback(content, buffers);
  }

  send(content: Record<string, unknown>): void {
    this.sent.push(content);
  }

  kinds(): unknown[] {
    return this.sent.map((content) => content["kind"]);
  }

  get page(): unknown {
    return this.sent[0]?.["page"];
  }

  say(content: object, payload: unknown = undefined): void {
    const json = new TextEncoder().encode(JSON.stringify(payload));
    const buffers = payload === undefined ? [] : [new DataView(json.buffer)];
    this.#emit("msg:custom", content, buffers);
  }

  sayBytes(content: object, bytes: number[]): void {
    // As they come off the wire: a window on a larger buffer.
    const buffer = new Uint8Array([99, 99, ...bytes, 99]).buffer;
    this.#emit("msg:custom", content, [new DataView(buffer, 2, bytes.length)]);
  }
}

/** What the browser has and happy-dom has not: decoding, and knowing what is on screen. */
export class FakeBrowser {
  drawn: number[] = [];
  decoding: { resolve: () => void }[] = [];
  /** False: each decode waits for `decode()`. */
  instant = true;
  #observed: { element: Element | undefined; tell: (visible: boolean) => void }[] = [];
  #measured: { element: Element; tell: (width: number) => void }[] = [];

  constructor() {
    const browser = this;
    vi.stubGlobal("createImageBitmap", async (blob: Blob) => {
      const [number] = new Uint8Array(await blob.arrayBuffer());
      if (!this.instant) await new Promise<void>((resolve) => this.decoding.push({ resolve }));
      return { width: 2, height: 3, number, close: () => undefined };
    });
    vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue({
      drawImage: (picture: { number: number }) => this.drawn.push(picture.number),
      putImageData: (pixels: { number: number }) => this.drawn.push(pixels.number),
    } as never);
    vi.stubGlobal(
      "IntersectionObserver",
      class {
        constructor(readonly callback: (entries: { isIntersecting: boolean }[]) => void) {
          browser.#observed.push(this.seen);
        }
        readonly seen = {
          element: undefined as Element | undefined,
          tell: (isIntersecting: boolean) => this.callback([{ isIntersecting }]),
        };
        observe(element: Element): void {
          this.seen.element = element;
        }
        disconnect(): void {}
      },
    );
    vi.stubGlobal(
      "ResizeObserver",
      class {
        constructor(readonly callback: (entries: object[]) => void) {}
        observe(element: Element): void {
          browser.#measured.push({ element, tell: (width) => this.callback([{ contentRect: { width } }]) });
        }
        unobserve(): void {}
        disconnect(): void {}
      },
    );
  }

  /** Have what this selector finds be so wide. */
  layOut(selector: string, width: number): void {
    for (const { element, tell } of this.#measured) if (element.matches(selector)) tell(width);
  }

  decode(): void {
    this.decoding.shift()?.resolve();
  }

  /** Have everything come in sight or go, or what holds this selector. */
  onScreen(visible: boolean, selector = "*"): void {
    for (const { element, tell } of this.#observed) {
      if (element?.matches(selector) || element?.querySelector(selector)) tell(visible);
    }
  }
}

/** Let the store's repaint and all promises come to pass. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 40));
  // On a machine that is busy the repaint that waits may be late.
  await new Promise((resolve) => requestAnimationFrame(resolve));
}

/** A worker in the same thread: it runs the program that it is given, unless a test has it stay silent. */
export class FakeWorker {
  static alive = 0;
  static silent = false;
  static #programs = new Map<string, Blob>();
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly #program: Promise<string>;
  #ended = false;

  static install(): typeof FakeWorker {
    FakeWorker.alive = 0;
    FakeWorker.silent = false;
    vi.stubGlobal("Worker", FakeWorker);
    vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
      const url = `blob:${FakeWorker.#programs.size}`;
      FakeWorker.#programs.set(url, blob as Blob);
      return url;
    });
    vi.spyOn(URL, "revokeObjectURL").mockReturnValue(undefined);
    return FakeWorker;
  }

  constructor(url: string) {
    FakeWorker.alive += 1;
    this.#program = FakeWorker.#programs.get(url)!.text();
  }

  postMessage(data: unknown): void {
    if (FakeWorker.silent) return;
    void this.#program.then((program) => {
      const answer = (given: unknown) => !this.#ended && this.onmessage?.({ data: given });
      const self: { onmessage?: (event: { data: unknown }) => void; postMessage: unknown } = { postMessage: answer };
      new Function("self", program)(self);
      self.onmessage?.({ data });
    });
  }

  terminate(): void {
    if (!this.#ended) FakeWorker.alive -= 1;
    this.#ended = true;
  }
}
