// What all views of one execution share: its state, its log, its clock, its pictures.

import { Backlog } from "./backlog";
import { Cursor, stateAt } from "./cursor";
import { Logbook, MOST, MOST_LIVE } from "./logbook";
import { isLoopback } from "./loopback";
import type { ExecutionSnapshot, LogEntry, ServerMessage } from "./messages";
import type { Clock, Frame, Listener, PreviewProblem, Source, Stream } from "./source";
import { ended, fold } from "./state";
import type { StepQuery } from "./steplist";
import { Wish } from "./wish";

/** What a saved notebook keeps: the final state and the last picture. */
export interface Saved {
  state: ExecutionSnapshot;
  picture: SavedPicture | null;
}

type SavedPicture = Omit<Frame, "jpeg"> & { jpeg: DataView };

/** How long the best guess of the sender's clock is believed before a worse one takes its place. */
const CLOCK_MS = 60_000;
/** So many signs of life may be missed before the kernel is said to be silent. */
const MISSED = 2.5;
/** Clocks that differ less than this, seen from a page of the loopback, are one. */
const SAME_CLOCK_MS = 50;

export interface Viewer {
  /** Something changed; called at most once a repaint. */
  update(): void;
  frame(frame: Frame): void;
  problem(problem: PreviewProblem): void;
}

export class Store implements Listener {
  readonly logs: Logbook;
  /** The way to lines that the log has not; undefined where nobody keeps them. */
  readonly backlog: Backlog | undefined;
  /** The moment that the views show; setting it updates them as a message does. */
  readonly cursor = new Cursor(() => this.#repaint());
  /** The results that a reader wants to see in the tables of steps. */
  readonly results = new Wish<StepQuery["status"]>();
  #state: ExecutionSnapshot | undefined;
  #offset = 0;
  #guessed = -Infinity;
  #heard = Date.now();
  #spoken = false;
  #closed = false;
  #viewers = new Map<Viewer, Stream[]>();
  #pictures = new Map<string, Frame>();
  #scheduled = false;
  #revision = 0;
  #past: { of: ExecutionSnapshot; at: number; state: ExecutionSnapshot } | undefined;

  constructor(
    readonly source: Source,
    saved: Partial<Saved> = {},
  ) {
    this.#state = saved.state;
    if (saved.picture) this.#pictures.set(keyOf(saved.picture), unpacked(saved.picture));
    this.logs = new Logbook(source.log ? MOST_LIVE : MOST);
    if (source.log) this.backlog = new Backlog(source.log, this.logs, () => this.#schedule());
    source.open(this);
  }

  /** The execution's state; undefined until the first snapshot came. */
  get state(): ExecutionSnapshot | undefined {
    return this.#state;
  }

  /** Counts what the views are told of but the cursor: while that is dragged, most of a view stays as it is. */
  get revision(): number {
    return this.#revision;
  }

  /** The state at the cursor's moment. */
  get shown(): ExecutionSnapshot | undefined {
    const [state, { at }] = [this.#state, this.cursor];
    if (state === undefined || at === null) return state;
    if (this.#past?.of !== state || this.#past.at !== at) this.#past = { of: state, at, state: stateAt(state, at) };
    return this.#past.state;
  }

  get ended(): boolean {
    return this.#state !== undefined && ended(this.#state.status);
  }

  /** The clock by which messages are stamped, in ms since the epoch: the browser's may differ. */
  now(): number {
    return Date.now() + this.#offset;
  }

  /** The clock of which `now` is. A tunnel's other end may be another machine: then the clocks tell. */
  get clock(): Clock {
    return isLoopback(location.hostname) && Math.abs(this.#offset) < SAME_CLOCK_MS ? "same" : "estimated";
  }

  /** Milliseconds since a moment that the sender stamped. */
  age(timestamp: string): number {
    return (this.clock === "same" ? Date.now() : this.now()) - Date.parse(timestamp);
  }

  /** When anything was last heard, by the browser's clock in ms since the epoch. */
  get heard(): number {
    return this.#heard;
  }

  /** What is known of the kernel: it speaks, has said good-bye, fell silent, or never spoke of what was saved. */
  get kernel(): "alive" | "closed" | "silent" | "saved" {
    const { pulse } = this.source;
    if (this.#closed) return "closed";
    if (pulse === undefined || this.silence() < (this.#spoken ? MISSED : 1) * pulse) return "alive";
    return this.#spoken ? "silent" : "saved";
  }

  /** Nothing can be asked of the devices any more: the execution is one of the history, or its lab was closed. */
  get bygone(): boolean {
    return this.source.kept === true || this.#closed;
  }

  /** Milliseconds since anything was heard. */
  silence(): number {
    return Date.now() - this.#heard;
  }

  add(viewer: Viewer, signal: AbortSignal): void {
    this.#viewers.set(viewer, []);
    signal.addEventListener("abort", () => {
      this.look(viewer, []);
      this.#viewers.delete(viewer);
    });
    viewer.update();
  }

  /** Say which pictures a viewer looks at; what all look at together is asked for. */
  look(viewer: Viewer, streams: Stream[]): void {
    if (!this.#viewers.has(viewer)) return;
    this.#viewers.set(viewer, streams);
    const wanted = new Map<string, Stream>();
    for (const stream of [...this.#viewers.values()].flat()) wanted.set(keyOf(stream), stream);
    for (const [key, { video }] of this.#pictures) {
      if (!video || wanted.has(key)) continue;
      video.image.close(); // a decoder has few; whoever looks again is sent a new one
      this.#pictures.delete(key);
    }
    this.source.watch([...wanted.values()]);
  }

  /** The newest picture of a stream, for a viewer that comes later. */
  picture(stream: Stream): Frame | undefined {
    return this.#pictures.get(keyOf(stream));
  }

  messages(messages: ServerMessage[], now: number): void {
    this.#hear(now);
    if (this.#state === undefined) return;
    this.#fold(this.#state, messages);
  }

  snapshot(messages: ServerMessage[], now: number, lost: number): void {
    const [first, ...rest] = messages;
    if (first?.type !== "execution_state") return;
    this.#hear(now);
    this.logs.clear(lost);
    this.#fold(fold(first, first), rest);
  }

  frame(frame: Frame): void {
    // The last picture of a view that was closed is sent to a page that comes later.
    if (!this.#closed) this.sign(false);
    const before = this.#pictures.get(keyOf(frame))?.video?.image;
    if (before !== frame.video?.image) before?.close();
    this.#pictures.set(keyOf(frame), frame);
    for (const viewer of this.#viewers.keys()) viewer.frame(frame);
  }

  problem(problem: PreviewProblem): void {
    for (const viewer of this.#viewers.keys()) viewer.problem(problem);
  }

  controlled(): void {
    this.#schedule();
  }

  sign(closed: boolean): void {
    this.#heard = Date.now();
    this.#spoken = true;
    if (closed === this.#closed) return;
    this.#closed = closed;
    this.#schedule();
  }

  /** The message that was quickest on its way tells the sender's clock best. */
  #hear(now: number): void {
    this.sign(false);
    const offset = now - this.#heard;
    if (offset < this.#offset && this.#heard < this.#guessed + CLOCK_MS) return;
    this.#offset = offset;
    this.#guessed = this.#heard;
  }

  #fold(state: ExecutionSnapshot, messages: ServerMessage[]): void {
    for (const message of messages) state = fold(state, message);
    for (const entry of inOrder(messages.filter((message) => message.type === "log_entry"))) this.logs.add(entry);
    this.#state = state;
    this.#schedule();
  }

  #schedule(): void {
    this.#revision += 1;
    this.#repaint();
  }

  #repaint(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      for (const viewer of this.#viewers.keys()) viewer.update();
    });
  }
}

/** Lines of the devices' own logs come a moment late: those that come together are put in the order of their times. */
function inOrder(entries: LogEntry[]): LogEntry[] {
  if (!entries.some(({ source }) => source)) return entries;
  const timed = entries.map((entry) => ({ entry, time: Date.parse(entry.timestamp) }));
  return timed.sort((a, b) => a.time - b.time).map(({ entry }) => entry);
}

function unpacked(picture: SavedPicture): Frame {
  const { buffer, byteOffset, byteLength } = picture.jpeg;
  return { ...picture, jpeg: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength) };
}

function keyOf(stream: Stream): string {
  return `${stream.quality} ${stream.device_id}`;
}
