// Where the views get what they show: the comm of a notebook, or a WebSocket.

import type { Quality, ServerMessage } from "./messages";

/** A device's picture as it came, not yet decoded. */
export interface Frame {
  device_id: string;
  quality: Quality;
  width: number;
  height: number;
  timestamp: string;
  number: number;
  jpeg: Uint8Array<ArrayBuffer>;
}

/** One picture stream that somebody looks at. */
export interface Stream {
  device_id: string;
  quality: Quality;
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
}

export interface Source {
  /** Begin; one listener at a time. */
  open(listener: Listener): void;
  /** Say which pictures are looked at now; all others end. */
  watch(streams: Stream[]): void;
  /** The frame was drawn, or a newer one was. */
  drawn(number: number): void;
  /** Ask for the execution to be cancelled; undefined where this source may not. */
  readonly cancel?: (() => void) | undefined;
  /** Turn a `screenshot_url` into an address that an <img> can load. */
  screenshot(url: string): Promise<string>;
  close(): void;
}
