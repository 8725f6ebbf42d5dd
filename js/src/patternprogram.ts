// The program of the worker that searches for a regular expression.

export interface Question {
  pattern: string;
  finds: number;
  text: string;
  starts: Uint32Array;
}

/** It may be sent as text, so it names nothing outside of it. */
export function search(): void {
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
