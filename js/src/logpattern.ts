// Regular expressions over the log, in a worker: a pattern that takes forever is ended, and never holds the page.

import type { Block } from "./logbook";
import { type Question, search } from "./patternprogram";

/** How long a block may take; most patterns need a few milliseconds. */
const PATIENCE_MS = 1_500;
/** How many finds in one line are looked for, and shown. */
export const FINDS = 50;

/** How a pattern is read: in any case, and with each line of a message for itself. */
export function compile(pattern: string): RegExp {
  return new RegExp(pattern, "gim");
}

export class PatternProblem extends Error {}

export class PatternSearch {
  /** Where the program is a file of its own; elsewhere it is sent as text, for a notebook has no files to give. */
  static file: URL | undefined;
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
  if (PatternSearch.file) return new Worker(PatternSearch.file);
  const url = URL.createObjectURL(new Blob([`(${search.toString()})()`], { type: "text/javascript" }));
  try {
    return new Worker(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
