// The public WebSocket as a source: what any consumer gets, with the same limits and the same token.

import type { LogEntry, PreviewFrame, Quality, ServerMessage } from "./messages";
import type { Address } from "./address";
import { ENDED, type Ending, ENDINGS, REFUSALS, LOST } from "./endings";
import type { Listener, Past, PastFrame, Source, Stream, Wanted } from "./source";
import { ended } from "./state";
import { type Order, Steering } from "./steering";

/** How the connection stands, for the reader. */
export type Standing =
  | { kind: "connecting" | "live" | "over" }
  | { kind: "waiting"; words: string; seconds: number }
  | { kind: "failed"; words: string; again: boolean };

const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 30_000;
const ANSWER_MS = 10_000;
/** A running execution tells its progress every two seconds: a connection that is silent for so long is dead. */
const SILENCE_MS = 20_000;
/** A line of the kept log that is not older than this, seen from the state, may come live too. */
const OVERLAP_MS = 2_000;
/** The close code of a connection that ended without one. */
const ABNORMAL = 1006;
const BEST_FIRST: readonly Quality[] = ["high", "medium", "low"];

interface Tail {
  entries: LogEntry[];
  lost: number;
}

export class SocketSource implements Source {
  readonly sender = "the server";
  #listener: Listener | undefined;
  #socket: WebSocket | undefined;
  #session: string | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  /** Whether the server has to tell something every now and then. */
  #promised = false;
  #failures = 0;
  #frames = 0;
  /** How far the server's clock is ahead of the browser's, as far as is known. */
  #ahead = -Infinity;
  /** Why the server will close this connection, as its `error` told: a proxy may keep the close code. */
  #refusal: Ending | undefined;
  #streams: Stream[] = [];
  /** The quality in which a device's pictures were asked for. */
  #asked = new Map<string, Quality>();
  /** What came live while the kept log was being fetched. */
  #held: ServerMessage[] | undefined;
  /** Lines that came with the kept log, and may come again. */
  #known = new Set<string>();
  /** What the server lets this page do. */
  #allowed = new Set<string>();
  #learned = 0;
  /** As the server said last; undefined where that cannot be switched. */
  #pausesOnFailure: boolean | undefined;
  readonly #steering = new Steering(
    (id, order) => void this.#give(id, order),
    () => this.#listener?.controlled(),
    () => this.#pausesOnFailure,
    "The server has not answered yet",
  );

  constructor(
    readonly address: Address,
    readonly stands: (standing: Standing) => void,
    /** A step of this execution, which has ended, runs again in another one. */
    readonly continued: (execution_id: string) => void = () => undefined,
  ) {}

  get cancel(): (() => Promise<string | null>) | undefined {
    return this.#allowed.has("cancel") ? this.#cancel : undefined;
  }

  get steering(): Steering | undefined {
    return this.#allowed.has("retry") ? this.#steering : undefined;
  }

  readonly #cancel = async (): Promise<string | null> => {
    const { refused } = await this.#ask("DELETE", "");
    return refused;
  };

  open(listener: Listener): void {
    this.#listener = listener;
    addEventListener("online", this.connect);
    this.connect();
  }

  /** Connect now, unless that is done already. */
  readonly connect = (): void => {
    if (this.#socket || !this.#listener) return;
    clearTimeout(this.#retry);
    this.stands({ kind: "connecting" });
    const socket = new WebSocket(this.address.socket(this.#session));
    this.#socket = socket;
    this.#refusal = undefined;
    socket.addEventListener("message", ({ data }) => this.#receive(JSON.parse(data), socket));
    socket.addEventListener("close", ({ code }) => this.#closed(code, socket));
  };

  close(): void {
    this.#listener = undefined;
    removeEventListener("online", this.connect);
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#socket?.close(1000);
    this.#socket = undefined;
  }

  watch(streams: Stream[]): void {
    this.#streams = streams;
    const wanted = new Map<string, Quality>();
    // A connection has one stream a device: the best that is looked at serves all.
    for (const quality of BEST_FIRST) {
      for (const stream of streams) {
        if (stream.quality === quality && !wanted.has(stream.device_id)) wanted.set(stream.device_id, quality);
      }
    }
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    for (const device_id of this.#asked.keys()) {
      if (!wanted.has(device_id)) this.#say({ type: "stop_preview", device_id });
    }
    for (const [device_id, quality] of wanted) {
      if (this.#asked.get(device_id) === quality) continue;
      this.#say({ type: "start_preview", device_id, quality, only_changes: true });
    }
    this.#asked = wanted;
  }

  /** Nothing to tell: the server counts by pongs. */
  drawn(): void {}

  screenshot(url: string, failed = false): Promise<string> {
    return failed ? Promise.reject(new Error("the server does not give it")) : Promise.resolve(this.address.http(url));
  }

  /** A server that recorded nothing answers 404, as for a moment without a picture. */
  readonly seek = async (device_id: string, at: number, { quality }: Wanted = {}): Promise<Past | undefined> => {
    const which = new URLSearchParams({ at: new Date(at).toISOString(), ...(quality && { quality }) });
    const part = `/recording/${encodeURIComponent(device_id)}?${which}`;
    try {
      const answer = await fetch(this.address.execution(part), { signal: AbortSignal.timeout(ANSWER_MS) });
      if (answer.status === 404) return missing(answer);
      return answer.ok ? await pastFrame(device_id, at, answer) : undefined;
    } catch {
      return undefined;
    }
  };

  async #give(id: number, order: Order): Promise<void> {
    const { refused, execution_id } = await this.#ask("POST", pathOf(order));
    if (order.do === "pause_on_failure" && refused === null) this.#pausesOnFailure = order.on;
    const continued = execution_id !== undefined && execution_id !== this.address.id.toLowerCase();
    this.#steering.answer(id, refused, continued);
    if (continued) this.continued(execution_id);
  }

  /** Have something done to the execution: why it was not, or which execution goes on from here. */
  async #ask(method: string, part: string): Promise<{ refused: string | null; execution_id?: string }> {
    try {
      const answer = await fetch(this.address.execution(part), { method, signal: AbortSignal.timeout(ANSWER_MS) });
      const said = await answer.json().catch(() => ({}));
      if (answer.ok) return { refused: null, execution_id: said.execution_id };
      return { refused: said.detail ?? `The server answered ${answer.status}` };
    } catch {
      return { refused: "The server cannot be reached" };
    }
  }

  /** What may be done now: less once the execution has ended. */
  async #learn(): Promise<void> {
    const turn = ++this.#learned;
    let allowed: string[] = [];
    let pauses: boolean | undefined;
    try {
      ({ allowed } = await (await this.#fetch("GET", this.address.execution("/steering"))).json());
      if (allowed.includes("pause_on_failure")) pauses = await this.#learnPauses();
    } catch {
      // A server that does not say is not asked for anything.
    }
    if (turn !== this.#learned) return;
    this.#allowed = new Set(allowed);
    this.#pausesOnFailure = pauses;
    this.#listener?.controlled();
  }

  async #learnPauses(): Promise<boolean> {
    return (await (await this.#fetch("GET", this.address.execution("/pause_on_failure"))).json()).on;
  }

  #receive(message: ServerMessage, socket: WebSocket): void {
    if (socket !== this.#socket) return;
    this.#expectMore(message, socket);
    switch (message.type) {
      case "execution_state":
        void this.#begin(message, socket);
        break;
      case "preview_frame":
        this.#show(message);
        break;
      case "error": {
        const ending = REFUSALS[message.code];
        if (ending) this.#refusal = ending;
        else if (message.code === "PREVIEW_UNAVAILABLE" && message.device_id) {
          this.#asked.delete(message.device_id);
          this.#listener?.problem({ device_id: message.device_id, message: message.message });
        } else this.#take(message);
        break;
      }
      default:
        this.#take(message);
    }
  }

  /** A network that went away without a word leaves a socket that looks open for ever. */
  #expectMore(message: ServerMessage, socket: WebSocket): void {
    clearTimeout(this.#silence);
    if (message.type === "execution_state" ? message.status === "running" : message.type === "execution_progress") {
      this.#promised = true;
    } else if (message.type === "execution_completed") this.#promised = false;
    if (!this.#promised) return;
    this.#silence = setTimeout(() => {
      socket.close();
      this.#closed(ABNORMAL, socket);
    }, SILENCE_MS);
  }

  #take(message: ServerMessage): void {
    if (this.#held) this.#held.push(message);
    else this.#deliver([message]);
  }

  #deliver(messages: ServerMessage[]): void {
    const fresh = messages.filter((message) => message.type !== "log_entry" || !this.#known.delete(keyOf(message)));
    if (fresh.length) this.#listener?.messages(fresh, this.#now(fresh));
  }

  /** Take the state and the log so far; what comes live meanwhile, comes after them. */
  async #begin(state: ServerMessage & { type: "execution_state" }, socket: WebSocket): Promise<void> {
    this.#session = state.session_id;
    this.#failures = 0;
    this.#held = [];
    for (const { device_id } of state.devices) this.#say({ type: "subscribe_device", device_id });
    this.#asked.clear();
    this.watch(this.#streams);
    void this.#learn();
    const tail = await this.#tail();
    if (socket !== this.#socket) return;
    const since = Date.parse(state.timestamp) - OVERLAP_MS;
    this.#known = new Set(tail.entries.filter((entry) => Date.parse(entry.timestamp) >= since).map(keyOf));
    this.#listener?.snapshot([state, ...tail.entries], this.#now([state]), tail.lost);
    const held = this.#held ?? [];
    this.#held = undefined;
    this.stands({ kind: "live" });
    this.#deliver(held);
  }

  #show(message: PreviewFrame): void {
    const { device_id, width, height, timestamp } = message;
    const jpeg = bytesOf(message.frame_data);
    const number = ++this.#frames;
    for (const { quality } of this.#streams.filter((stream) => stream.device_id === device_id)) {
      this.#listener?.frame({ device_id, quality, width, height, timestamp, number, jpeg, source: this.sender, codec: "jpeg" });
    }
  }

  #closed(code: number, socket: WebSocket): void {
    if (socket !== this.#socket) return;
    clearTimeout(this.#silence);
    this.#socket = undefined;
    this.#promised = false;
    this.#asked.clear();
    // What was held goes with a state that never came: the next connection brings it anew.
    const begun = this.#held === undefined;
    if (code === 1000 && begun) return this.#over();
    const ending = this.#refusal ?? ENDINGS[code] ?? LOST;
    if (ending.over || code === 1000) return void this.#showEnd(ending.over ? ending : ENDED);
    if (!ending.reconnect) return this.stands({ kind: "failed", words: ending.words, again: ending.again ?? false });
    const most = Math.min(FIRST_DELAY_MS * 2 ** this.#failures++, MAX_DELAY_MS);
    const delay = most * (0.5 + Math.random() / 2);
    this.stands({ kind: "waiting", words: ending.words, seconds: Math.ceil(delay / 1000) });
    this.#retry = setTimeout(this.connect, delay);
  }

  /** An execution that has ended is followed no more; its end can be read. */
  async #showEnd({ words, again = false }: Ending): Promise<void> {
    try {
      const state = await (await this.#fetch("GET", this.address.execution())).json();
      const tail = await this.#tail();
      this.#held = undefined;
      this.#listener?.snapshot([state, ...tail.entries], this.#now([state]), tail.lost);
      if (ended(state.status)) return this.#over();
    } catch {
      // Said below.
    }
    this.stands({ kind: "failed", words, again });
  }

  #over(): void {
    this.stands({ kind: "over" });
    void this.#learn();
  }

  async #tail(): Promise<Tail> {
    try {
      return await (await this.#fetch("GET", this.address.execution("/logs"))).json();
    } catch {
      return { entries: [], lost: 0 };
    }
  }

  async #fetch(method: string, url: string): Promise<Response> {
    const answer = await fetch(url, { method, signal: AbortSignal.timeout(ANSWER_MS) });
    if (!answer.ok) throw new Error(`${method}: ${answer.status}`);
    return answer;
  }

  /** The server's clock, as its newest stamp tells it: it is that late at least. */
  #now(messages: ServerMessage[]): number {
    const heard = Date.now();
    const stamps = messages.map((message) => ("timestamp" in message ? Date.parse(message.timestamp) : -Infinity));
    const ahead = Math.max(this.#ahead, ...stamps.map((stamp) => stamp - heard));
    this.#ahead = ahead;
    return heard + ahead;
  }

  #say(message: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

/** Why there was no picture, where the server knows. */
function missing(answer: Response): string | null {
  const reason = answer.headers.get("frame-missing");
  return reason === null ? null : decodeURIComponent(reason);
}

function pathOf(order: Order): string {
  if (order.do === "retry") return `/steps/${encodeURIComponent(order.step_id)}/retry`;
  if (order.do === "pause_on_failure") return `/pause_on_failure?on=${order.on}`;
  const device = "device_id" in order && order.device_id;
  return `/${order.do}${device ? `?${new URLSearchParams({ device_id: device })}` : ""}`;
}

/** The newest picture has no end yet: it stood at the moment that was asked for, and the next question may find another. */
async function pastFrame(device_id: string, at: number, answer: Response): Promise<PastFrame> {
  const told = (name: string) => answer.headers.get(`frame-${name}`);
  const from = Date.parse(told("from") ?? "");
  const until = told("until") ? Date.parse(told("until")!) : Math.max(at, from);
  const [number, width, height] = [Number(told("number")), Number(told("width")), Number(told("height"))];
  return { device_id, number, width, height, from, until, jpeg: new Uint8Array(await answer.arrayBuffer()) };
}

function keyOf({ timestamp, device_id, module_id, level, message, attempt }: LogEntry): string {
  return JSON.stringify([timestamp, device_id, module_id, level, attempt, message]);
}

function bytesOf(dataUrl: string): Uint8Array<ArrayBuffer> {
  const text = atob(dataUrl.slice(dataUrl.indexOf(",") + 1));
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
