// What the reader has asked of the execution and has not been done yet, so that no button lies.

import type { ExecutionSnapshot } from "./messages";
import { ended } from "./state";

/** What a page may ask; see execmon_lab/widgets/orders.py. */
export type Order =
  | { do: "pause"; device_id?: string }
  | { do: "resume"; device_id?: string }
  | { do: "step"; device_id?: string }
  | { do: "retry"; step_id: string }
  | { do: "pause_on_failure"; on: boolean };

/** After this long without an answer the reader is told that the kernel does not hear. */
const PATIENCE_MS = 1_500;
/** What was done is told by a message, which may come a little after the answer. */
const AFTERWARDS_MS = 400;
const TOLD_MS = 8_000;
/** An execution that has ended is final, for all who follow it. */
const CONTINUED = "The step runs again, in an execution of its own: this one has ended";

type Asked = { order: Order; answered: boolean; attempts: number };

export class Steering {
  #asked = new Map<number, Asked>();
  #last = 0;
  #busy = false;
  #told = "";
  #telling: ReturnType<typeof setTimeout> | undefined;
  #state: ExecutionSnapshot | undefined;

  /** `send` gives an order to the kernel, or to the server; `changed` has the views look again. */
  constructor(
    readonly send: (id: number, order: Order) => void,
    readonly changed: () => void,
    readonly kernelPausesOnFailure: () => boolean | undefined,
    /** What is said while no answer comes. */
    readonly unheard = "The kernel is busy: it hears this when the cell ends",
  ) {}

  /** Whether the execution pauses on a failure: as was asked last, else as the kernel says, if it may be switched. */
  get pausesOnFailure(): boolean | undefined {
    const asked = [...this.#asked.values()].findLast(({ order }) => order.do === "pause_on_failure")?.order;
    return asked?.do === "pause_on_failure" ? asked.on : this.kernelPausesOnFailure();
  }

  /** Why the last order was not carried out, for a while; or that the kernel does not hear. */
  get told(): string {
    return this.#busy ? this.unheard : this.#told;
  }

  /** Whether an order is under way: of this step, or of this device or all. */
  isAsked(kind: Order["do"], of?: string): boolean {
    return [...this.#asked.values()].some(({ order }) => {
      if (order.do !== kind) return false;
      if (order.do === "retry") return order.step_id === of;
      return order.do === "pause_on_failure" || of === undefined || (order.device_id ?? of) === of;
    });
  }

  give(order: Order): void {
    const step = order.do === "retry" && this.#state?.steps.find(({ step_id }) => step_id === order.step_id);
    const id = ++this.#last;
    this.#asked.set(id, { order, answered: false, attempts: step ? step.attempts.length : 0 });
    this.#tell("");
    setTimeout(() => {
      this.#busy = this.#asked.get(id)?.answered === false;
      if (this.#busy) this.changed();
    }, PATIENCE_MS);
    this.send(id, order);
    this.changed();
  }

  /** An order was carried out, or why not; `continued` where its execution has ended, and another runs the step. */
  answer(id: number, refused: string | null, continued = false): void {
    const asked = this.#asked.get(id);
    if (!asked) return;
    asked.answered = true;
    this.#busy = false;
    if (refused !== null) {
      this.#asked.delete(id);
      this.#tell(refused);
    } else if (asked.order.do !== "retry" || continued) {
      if (continued) this.#tell(CONTINUED);
      setTimeout(() => {
        this.#asked.delete(id);
        this.changed();
      }, AFTERWARDS_MS);
    }
    this.changed();
  }

  /** A step that was to run again has begun to. One whose execution ended meanwhile is answered in another way. */
  update(state: ExecutionSnapshot): void {
    this.#state = state;
    for (const [id, { order, attempts, answered }] of this.#asked) {
      if (order.do !== "retry") continue;
      const step = state.steps.find(({ step_id }) => step_id === order.step_id);
      if (step && step.attempts.length > attempts) this.#asked.delete(id);
      if (answered && ended(state.status)) this.#asked.delete(id);
    }
  }

  #tell(words: string): void {
    clearTimeout(this.#telling);
    this.#told = words;
    if (words) {
      this.#telling = setTimeout(() => {
        this.#told = "";
        this.changed();
      }, TOLD_MS);
    }
  }
}
