// Where the views get what they show: the comm of a notebook, or a WebSocket.

import type { Line } from "./logbook";
import type { LogEntry, Quality, ServerMessage } from "./messages";
import type { Steering } from "./steering";

/** A device's picture as it came, not yet decoded. */
export interface Frame {
  device_id: string;
  quality: Quality;
  width: number;
  height: number;
  timestamp: string;
  number: number;
  /** What it comes from, as far as is known: "screencap", "the server". */
  source?: string;
  /** How it came to the page: "jpeg", or "h264" as the device made it. */
  codec?: string;
  /** Why it is not the device's own video, where the page gave that up. */
  withoutVideo?: string;
  /** Sent again for a page that had it not: its age says nothing of the way. */
  again?: boolean;
  /** Empty where it is a picture of a video. */
  jpeg: Uint8Array<ArrayBuffer>;
  video?: Decoded;
}

/** A picture of a video, and the bytes it came in; it lives until the next one of its stream. */
export interface Decoded {
  image: VideoFrame;
  bytes: number;
}

/** One picture stream that somebody looks at. */
export interface Stream {
  device_id: string;
  quality: Quality;
}

/** By which clock a latency was measured: one that both sides have, or the kernel's as the page guesses it. */
export type Clock = "same" | "estimated";

/** A frame that was drawn, and how old it was then. */
export interface Drawing extends Stream {
  latency_ms: number;
  clock: Clock;
}

/** What a reader does to a picture, in fractions of it; see execmon_lab/control/gestures.py. */
export type Gesture =
  | { do: "tap"; x: number; y: number }
  | { do: "pick"; x: number; y: number }
  | { do: "press"; x: number; y: number; seconds: number }
  | { do: "swipe"; x1: number; y1: number; x2: number; y2: number; seconds: number }
  | { do: "scroll"; x: number; y: number; dx: number; dy: number }
  | { do: "text"; text: string }
  | { do: "key"; key: string };

/** Width and height, in pixels. */
export type Size = [number, number];

export interface Touch {
  device_id: string;
  gesture: Gesture;
  /** The size of the picture that was touched. */
  picture: Size;
  /** When, by the kernel's clock: it refuses what it hears of too late. */
  at: number;
}

/** The way back to the devices, where there is one. */
export interface Control {
  readonly on: boolean;
  switch(on: boolean): void;
  /** Send a touch; gives null once it was carried out, or why it was not. */
  touch(touch: Touch): Promise<string | null>;
}

/** What was done by hand, as a line of code. */
export interface CodeLine {
  device_id: string;
  code: string;
}

/** The lines of code so far. */
export interface Script {
  readonly lines: CodeLine[];
  forget(): void;
}

/** A recorded picture, and how long it stood on the screen: from `from` until before `until`, in ms since the epoch. */
export interface PastFrame {
  device_id: string;
  number: number;
  width: number;
  height: number;
  from: number;
  until: number;
  /** It is from a little before the moment, since the right one takes longer to decode. */
  glimpse?: boolean;
  jpeg: Uint8Array<ArrayBuffer>;
}

/** What a device showed at a moment: why there was no picture, where that is known; null when none was recorded. */
export type Past = PastFrame | string | null;

/** How a recorded picture is wanted: when hasty, one from about then will do; how large, where it is decoded anew. */
export interface Wanted {
  hasty?: boolean;
  quality?: Quality;
}

/** Find what a device showed at a moment (ms since the epoch); undefined without an answer. */
export type Seek = (device_id: string, at: number, wanted?: Wanted) => Promise<Past | undefined>;

/** Lines that were asked for, how many are before them, and why there are none. */
export interface KeptLines {
  entries: LogEntry[];
  lost: number;
  refused: string | null;
}

/** Who keeps all lines of the log; lines come a batch at a time. */
export interface KeptLog {
  /** The lines before the first that is known. */
  earlier(first: Line): Promise<KeptLines>;
  /** Of the lines of a line's device after it, `count` behind the first `skip`. */
  shed(after: Line, skip: number, count: number): Promise<KeptLines>;
}

/** Why a device's picture cannot be had. */
export interface PreviewProblem {
  device_id: string;
  message: string;
}

export interface Listener {
  /** Messages in order; `now` is the sender's clock, in ms since the epoch. */
  messages(messages: ServerMessage[], now: number): void;
  /** Everything known before what follows: a state, the log so far, and how many lines of it are lost. */
  snapshot(messages: ServerMessage[], now: number, lost: number): void;
  frame(frame: Frame): void;
  problem(problem: PreviewProblem): void;
  /** Control was switched on or off, or what the reader asked for has come further. */
  controlled(): void;
  /** The sender is there, or has said good-bye. */
  sign(closed: boolean): void;
}

export interface Source {
  /** Who the messages come from, in words; the kernel where nothing else is said. */
  readonly sender?: string;
  /** Begin; one listener at a time. */
  open(listener: Listener): void;
  /** Say which pictures are looked at now; all others end. */
  watch(streams: Stream[]): void;
  /** The frame was drawn, or a newer one was; `drawing` where its latency could be told. */
  drawn(number: number, drawing?: Drawing): void;
  /** Have the execution cancelled; gives null once that was agreed to, or why it was not. Undefined where this source may not. */
  readonly cancel?: (() => Promise<string | null>) | undefined;
  /** The ways to pause, to go on and to run a step again; undefined where this source has none. */
  readonly steering?: Steering | undefined;
  /** The way back to the devices; undefined where this source has none. */
  readonly control?: Control | undefined;
  /** What was done by hand, as code; undefined where this source has no way back to the devices. */
  readonly script?: Script | undefined;
  /** Finds recorded pictures; undefined where this source has none. */
  readonly seek?: Seek | undefined;
  /** True where the pictures are the last of a run long over, and none will follow. */
  readonly kept?: boolean | undefined;
  /** Within how many milliseconds the sender gives a sign of life; undefined where it gives none. */
  readonly pulse?: number | undefined;
  /** Who keeps all lines of the log; undefined where this source knows nobody. */
  readonly log?: KeptLog | undefined;
  /** Turn a `screenshot_url` into an address that an <img> can load; another one where the first did not load. */
  screenshot(url: string, failed?: boolean): Promise<string>;
  close(): void;
}
