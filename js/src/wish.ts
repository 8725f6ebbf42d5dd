// A word from one view to others of the same execution, said once: each makes of it what it can.

export class Wish<T> {
  readonly #followers = new Set<(wanted: T) => void>();

  /** Whether anybody would hear. */
  get heard(): boolean {
    return this.#followers.size > 0;
  }

  say(wanted: T): void {
    for (const follower of this.#followers) follower(wanted);
  }

  follow(follower: (wanted: T) => void, signal: AbortSignal): void {
    this.#followers.add(follower);
    signal.addEventListener("abort", () => this.#followers.delete(follower));
  }
}
