// What all views of one execution share: its state, its log, its clock, its pictures.

import { Logbook } from "./logbook";
import type { ExecutionSnapshot, ServerMessage } from "./messages";
import type { Frame, Listener, PreviewProblem, Source, Stream } from "./source";
import { ended, fold } from "./state";

/** What a saved notebook keeps: the final state and the last picture. */
export interface Saved {
  state: ExecutionSnapshot;
  picture: SavedPicture | null;
}

type SavedPicture = Omit<Frame, "jpeg"> & { jpeg: DataView };

export interface Viewer {
  /** Something changed; called at most once a repaint. */
  update(): void;
  frame(frame: Frame): void;
  problem(problem: PreviewProblem): void;
}

export class Store implements Listener {
  readonly logs = new Logbook();
  #state: ExecutionSnapshot | undefined;
  #offset = 0;
  #heard = Date.now();
  #viewers = new Map<Viewer, Stream | undefined>();
  #pictures = new Map<string, Frame>();
  #scheduled = false;

  constructor(
    readonly source: Source,
    saved: Partial<Saved> = {},
  ) {
    this.#state = saved.state;
    if (saved.picture) this.#pictures.set(keyOf(saved.picture), unpacked(saved.picture));
    source.open(this);
  }

  /** The execution's state; undefined until the first snapshot came. */
  get state(): ExecutionSnapshot | undefined {
    return this.#state;
  }

  get ended(): boolean {
    return this.#state !== undefined && ended(this.#state.status);
  }

  /** The clock by which messages are stamped, in ms since the epoch: the browser's may differ. */
  now(): number {
    return Date.now() + this.#offset;
  }

  /** Milliseconds since anything was heard. */
  silence(): number {
    return Date.now() - this.#heard;
  }

  add(viewer: Viewer, signal: AbortSignal): void {
    this.#viewers.set(viewer, undefined);
    signal.addEventListener("abort", () => {
      this.look(viewer, undefined);
      this.#viewers.delete(viewer);
    });
    viewer.update();
  }

  /** Say which picture a viewer looks at; what all look at together is asked for. */
  look(viewer: Viewer, stream: Stream | undefined): void {
    if (!this.#viewers.has(viewer)) return;
    this.#viewers.set(viewer, stream);
    const wanted = new Map<string, Stream>();
    for (const other of this.#viewers.values()) if (other) wanted.set(keyOf(other), other);
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
    this.#heard = Date.now();
    this.#pictures.set(keyOf(frame), frame);
    for (const viewer of this.#viewers.keys()) viewer.frame(frame);
  }

  problem(problem: PreviewProblem): void {
    for (const viewer of this.#viewers.keys()) viewer.problem(problem);
  }

  #hear(now: number): void {
    this.#heard = Date.now();
    this.#offset = now - this.#heard;
  }

  #fold(state: ExecutionSnapshot, messages: ServerMessage[]): void {
    for (const message of messages) {
      state = fold(state, message);
      if (message.type === "log_entry") this.logs.add(message);
    }
    this.#state = state;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      for (const viewer of this.#viewers.keys()) viewer.update();
    });
  }
}

function unpacked(picture: SavedPicture): Frame {
  const { buffer, byteOffset, byteLength } = picture.jpeg;
  return { ...picture, jpeg: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength) };
}

function keyOf(stream: Stream): string {
  return `${stream.quality} ${stream.device_id}`;
}
