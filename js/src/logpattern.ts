// Regular expressions over the log, in a worker: a pattern that takes forever is ended, and never holds the page.

import type { Block } from "./logbook";

/** How long a block may take; most patterns need a few milliseconds. */
const PATIENCE_MS = 1_500;
/** How many finds in one line are looked for, and shown. */
export const FINDS = 50;

interface Question {
  pattern: string;
  finds: number;
  text: string;
  starts: Uint32Array;
}

/** How a pattern is read: in any case, and with each line of a message for itself. */
export function compile(pattern: string): RegExp {
  return new RegExp(pattern, "gim");
}

/** The worker's program. It is sent as text, so that it names nothing outside of it. */
function program(): void {
  self.onmessage = ({ data: { pattern, finds, text, starts } }: MessageEvent<Question>) => {
    const regexp = new RegExp(pattern, "gim");
    const hits = new Uint8Array(starts.length - 1);
    for (let i = 0; i < hits.length; i++) {
      const line = text.slice(starts[i], starts[i + 1]! - 1);
      regexp.lastIndex = 0;
      // All that will be shown is looked for, so that showing a line takes no longer than it took here.
      for (let found = 0, match; found < finds && (match = regexp.exec(line)); found++) {
        hits[i] = 1;
        if (match[0] === "") regexp.lastIndex += 1;
      }
    }
    (self as unknown as Worker).postMessage(hits, [hits.buffer]);
  };
}

export class PatternProblem extends Error {}

export class PatternSearch {
  #worker: Worker | undefined;
  #stop: ((reason: PatternProblem) => void) | undefined;

  /** Which of a block's lines a pattern fits; one question at a time. */
  search(pattern: string, block: Block, from: number, to: number): Promise<Uint8Array> {
    const starts = block.starts.slice(from, to + 1);
    return new Promise((resolve, reject) => {
      const over = () => {
        clearTimeout(timer);
        this.#stop = undefined;
      };
      const fail = (reason: string) => {
        over();
        this.close();
        reject(new PatternProblem(reason));
      };
      const timer = setTimeout(() => fail("This pattern takes too long"), PATIENCE_MS);
      this.#stop = () => fail("stopped");
      try {
        const worker = (this.#worker ??= start());
        worker.onmessage = ({ data }: MessageEvent<Uint8Array>) => {
          over();
          resolve(data);
        };
        worker.onerror = () => fail("This page allows no regular expressions: they need a worker");
        worker.postMessage({ pattern, finds: FINDS, text: block.text, starts } satisfies Question);
      } catch (error) {
        fail(`This page allows no regular expressions: ${String(error)}`);
      }
    });
  }

  /** Give up what is under way. */
  stop(): void {
    this.#stop?.(new PatternProblem("stopped"));
  }

  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}

function start(): Worker {
  const url = URL.createObjectURL(new Blob([`(${program.toString()})()`], { type: "text/javascript" }));
  try {
    return new Worker(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
