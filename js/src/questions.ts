// What was asked of the kernel, and waits for its answer.

/** So many at most: a kernel that is gone answers none. */
const UNANSWERED = 64;

export class Questions<Answer> {
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #asked = 0;

  /** Ask, under a number that the answer will bear. */
  ask(send: (id: number) => void): Promise<Answer> {
    const id = ++this.#asked;
    this.#waiting.delete(id - UNANSWERED);
    send(id);
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  /** An answer came; one that nobody waits for is passed over. */
  answer(id: number, answer: Answer): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }
}
