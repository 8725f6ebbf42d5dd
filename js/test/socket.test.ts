import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { Address } from "../src/address";
import { ENDINGS } from "../src/endings";
import type { ServerMessage } from "../src/messages";
import { SocketSource, type Standing } from "../src/socket";
import type { Listener } from "../src/source";
import { at, DEVICE, entry, EXECUTION, NOW, snapshot } from "./fakes";

const PAGE = `http://server.test/hub/watch/${EXECUTION}?token=s3cret`;
const API = `http://server.test/hub/api/v1/executions/${EXECUTION}`;
const SESSION = "a-session";

/** The browser's WebSocket, whose server is the test. */
class FakeSocket extends EventTarget {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: Record<string, unknown>[] = [];
  closed: number | undefined;

  constructor(readonly url: string) {
    super();
    FakeSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code = 1005): void {
    this.closed = code;
  }

  say(...messages: ServerMessage[]): void {
    this.readyState = FakeSocket.OPEN;
    for (const message of messages) this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }

  /** The connection ends; 1006 is what a browser says where no close frame came. */
  end(code = 1006): void {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }
}

/** What the views would be told. */
class Told implements Partial<Listener> {
  heard: string[] = [];
  frames: { device_id: string; quality: string; number: number; jpeg: Uint8Array }[] = [];
  problem = vi.fn();
  controlled = vi.fn();

  snapshot(messages: ServerMessage[], _: number, lost: number): void {
    this.heard.push(`snapshot${lost ? ` (${lost} lost)` : ""}: ${messages.map(named)}`);
  }
  messages(messages: ServerMessage[]): void {
    this.heard.push(...messages.map(named));
  }
  frame(frame: (typeof this.frames)[0]): void {
    this.frames.push(frame);
  }
}

const named = (message: ServerMessage): string => (message.type === "log_entry" ? message.message : message.type);
const state = (changes = {}): ServerMessage => snapshot({ session_id: SESSION, ...changes });
const progress = (percentage: number): ServerMessage => ({
  type: "execution_progress",
  execution_id: EXECUTION,
  progress_percentage: percentage,
  current_step: "call_test_module",
  timestamp: at(1),
});
const refusal = (code: string, device_id?: string): ServerMessage => ({ type: "error", code, message: code, timestamp: at(0), ...(device_id && { device_id }) });
const pictureOf = (device_id: string, jpeg: string): ServerMessage => ({
  type: "preview_frame",
  device_id,
  frame_data: `data:image/jpeg;base64,${btoa(jpeg)}`,
  width: 2,
  height: 3,
  timestamp: at(0),
});

let requests: string[];
let answers: Record<string, () => Response | Promise<Response>>;
let source: SocketSource;
let told: Told;
let standings: Standing[];
let continued: string[];

const socket = (): FakeSocket => FakeSocket.all.at(-1)!;
const waits = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const json = (content: object, status = 200) => () => new Response(JSON.stringify(content), { status });
const stands = () => standings.at(-1)!.kind;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  vi.spyOn(Math, "random").mockReturnValue(1);
  FakeSocket.all = [];
  vi.stubGlobal("WebSocket", FakeSocket);
  requests = [];
  answers = {
    "GET /logs": json({ entries: [], lost: 0 }),
    "GET /steering": json({ allowed: ["cancel", "pause", "resume", "step", "retry"] }),
  };
  vi.stubGlobal("fetch", async (url: string, { method = "GET" } = {}) => {
    const { origin, pathname } = new URL(url);
    requests.push(`${method} ${url.replace(API, "")}`);
    const path = (origin + pathname).replace(API, "");
    return (answers[`${method} ${path}`] ?? (() => new Response(null, { status: 404 })))();
  });
  told = new Told();
  standings = [];
  continued = [];
  source = new SocketSource(
    new Address(new URL(PAGE)),
    (standing) => standings.push(standing),
    (id) => continued.push(id),
  );
});

afterEach(() => {
  source.close();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Connect, and have the state and the log come. */
async function begin(changes = {}): Promise<FakeSocket> {
  if (!FakeSocket.all.length) source.open(told as unknown as Listener);
  socket().say(state(changes));
  await waits(0);
  return socket();
}

describe("the beginning", () => {
  test("is the state and the kept log, asked for with the page's token and below the proxy's path", async () => {
    answers["GET /logs"] = json({ entries: [entry("kept")], lost: 3 });
    await begin();
    expect(socket().url).toBe(`ws://server.test/hub/ws/executions/${EXECUTION}?token=s3cret&detail=full`);
    expect(requests).toContain("GET /logs?token=s3cret");
    expect(socket().sent).toEqual([{ type: "subscribe_device", device_id: DEVICE }]);
    expect(told.heard).toEqual(["snapshot (3 lost): execution_state,kept"]);
    expect(standings.map(({ kind }) => kind)).toEqual(["connecting", "live"]);
  });

  test("has what comes meanwhile after it, and no line twice", async () => {
    let give!: (answer: Response) => void;
    answers["GET /logs"] = () => new Promise((resolve) => (give = resolve));
    source.open(told as unknown as Listener);
    socket().say(state(), entry("both"), progress(10), entry("later"));
    await waits(0);
    expect(told.heard).toEqual([]);
    give(json({ entries: [entry("first"), entry("both")], lost: 0 })());
    await waits(0);
    expect(told.heard).toEqual(["snapshot: execution_state,first,both", "execution_progress", "later"]);
    socket().say(entry("both"));
    expect(told.heard.at(-1), "said again on purpose, it is another line").toBe("both");
  });

  test("does not wait for a log that cannot be had", async () => {
    answers["GET /logs"] = () => Promise.reject(new TypeError("no network"));
    await begin();
    expect(told.heard).toEqual(["snapshot: execution_state"]);
    expect(stands()).toBe("live");
  });
});

describe("a lost connection", () => {
  const delays = async (times: number): Promise<number[]> => {
    const found: number[] = [];
    for (let n = 0; n < times; n++) {
      const before = FakeSocket.all.length;
      socket().end();
      let ms = 0;
      for (; FakeSocket.all.length === before; ms += 125) await waits(125);
      found.push(ms);
    }
    return found;
  };

  test("is had again after ever longer, up to half a minute", async () => {
    await begin();
    expect(await delays(10)).toEqual([250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  });

  test("is waited for less by chance, so that not all pages come back at once", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    await begin();
    expect(await delays(3)).toEqual([125, 250, 500]);
  });

  test("comes back with its session, and begins to count anew once the state has come", async () => {
    await begin();
    await delays(4);
    expect(new URL(socket().url).searchParams.get("session")).toBe(SESSION);
    await begin({ session_id: "another" });
    expect(stands()).toBe("live");
    expect(told.heard).toEqual(["snapshot: execution_state", "snapshot: execution_state"]);
    expect(await delays(1)).toEqual([250]);
    expect(new URL(socket().url).searchParams.get("session")).toBe("another");
  });

  test("while the log is fetched leaves nothing of the old one in the new", async () => {
    answers["GET /logs"] = () => new Promise(() => undefined);
    source.open(told as unknown as Listener);
    socket().say(state(), entry("old"));
    await delays(1);
    answers["GET /logs"] = json({ entries: [], lost: 0 });
    socket().say(state(), entry("new"));
    await waits(0);
    expect(told.heard).toEqual(["snapshot: execution_state", "new"]);
  });

  test("is had at once by the reader, or when the network is back; never twice", async () => {
    await begin();
    socket().end();
    expect(standings.at(-1)).toMatchObject({ kind: "waiting", seconds: 1 });
    source.connect();
    expect(FakeSocket.all).toHaveLength(2);
    await waits(60_000);
    expect(FakeSocket.all, "the one that is under way is enough").toHaveLength(2);
    socket().end();
    dispatchEvent(new Event("online"));
    dispatchEvent(new Event("online"));
    await waits(60_000);
    expect(FakeSocket.all).toHaveLength(3);
  });

  test("that no word tells of is found by its silence, while there should be words", async () => {
    const dead = await begin();
    await waits(19_000);
    dead.say(progress(20));
    await waits(19_000);
    expect(stands()).toBe("live");
    await waits(1_100);
    expect([stands(), dead.closed]).toEqual(["waiting", 1005]);
    dead.say(progress(30));
    expect(told.heard.filter((word) => word === "execution_progress"), "nobody listens to it").toHaveLength(1);
    await waits(250);
    await begin({ status: "pending" });
    await waits(3_600_000);
    expect(stands(), "an execution that waits for its device has nothing to say").toBe("live");
  });

  test("is not had again once the page has closed it", async () => {
    await begin();
    socket().end();
    source.close();
    await waits(60_000);
    dispatchEvent(new Event("online"));
    expect(FakeSocket.all).toHaveLength(1);
  });
});

describe("a close code", () => {
  test.each(Object.entries(ENDINGS).filter(([, { over }]) => !over))("%s is acted on as the table says", async (code, ending) => {
    await begin();
    socket().end(Number(code));
    if (ending.reconnect) expect(standings.at(-1)).toMatchObject({ kind: "waiting", words: ending.words });
    else expect(standings.at(-1)).toEqual({ kind: "failed", words: ending.words, again: ending.again ?? false });
    await waits(60_000);
    expect(FakeSocket.all).toHaveLength(ending.reconnect ? 2 : 1);
  });

  test.each([1005, 1006, 1011, 1012, 1013, 1014, 4999])("%i is a lost connection", async (code) => {
    await begin();
    socket().end(code);
    expect(stands()).toBe("waiting");
  });

  test("that a proxy keeps to itself is told by the error before it", async () => {
    source.open(told as unknown as Listener);
    socket().say(refusal("UNAUTHORIZED"));
    socket().end(1005);
    expect(standings.at(-1)).toMatchObject({ kind: "failed", again: false });
    source.connect();
    socket().end(1006);
    expect(stands(), "it was said of the connection before").toBe("waiting");
  });

  test("1000 after the end is the end, and what may be done then is asked", async () => {
    await begin();
    answers["GET /steering"] = json({ allowed: ["retry"] });
    socket().end(1000);
    await waits(0);
    expect([stands(), source.cancel, source.steering !== undefined]).toEqual(["over", undefined, true]);
  });

  test("of an execution that has ended has its end read instead", async () => {
    answers["GET "] = json(snapshot({ status: "completed", duration_seconds: 3 }));
    answers["GET /logs"] = json({ entries: [entry("kept")], lost: 0 });
    source.open(told as unknown as Listener);
    socket().say(refusal("EXECUTION_NOT_ACTIVE"));
    socket().end(4409);
    await waits(0);
    expect([stands(), told.heard]).toEqual(["over", ["snapshot: execution_state,kept"]]);
  });

  test("of one that ran before the server began has its end read too", async () => {
    answers["GET "] = json(snapshot({ status: "interrupted", duration_seconds: 3 }));
    source.open(told as unknown as Listener);
    socket().say(refusal("INVALID_EXECUTION_ID"));
    socket().end(4404);
    await waits(0);
    expect([stands(), told.heard]).toEqual(["over", ["snapshot: execution_state"]]);
  });

  test.each([
    [4409, "The execution has ended, and the server gives no more of it.", true],
    [4404, "The server knows no such execution.", false],
  ])("%i of an execution whose end is nowhere kept says so", async (code, words, again) => {
    source.open(told as unknown as Listener);
    socket().end(code);
    await waits(0);
    expect(standings.at(-1)).toEqual({ kind: "failed", words, again });
  });
});

describe("pictures", () => {
  const low = { device_id: DEVICE, quality: "low" as const };
  const high = { device_id: DEVICE, quality: "high" as const };
  const asks = () => socket().sent.filter(({ type }) => type !== "subscribe_device");
  const start = (quality: string) => ({ type: "start_preview", device_id: DEVICE, quality, only_changes: true });

  test("are asked for once a device, in the best quality that is looked at", async () => {
    await begin();
    source.watch([low, high]);
    source.watch([low, high]);
    source.watch([low]);
    source.watch([]);
    expect(asks()).toEqual([start("high"), start("low"), { type: "stop_preview", device_id: DEVICE }]);
  });

  test("go to those who look at their device, and are asked for again on a new connection", async () => {
    await begin();
    source.watch([low, high, { device_id: "R58M", quality: "low" }]);
    socket().say(pictureOf(DEVICE, "jpeg"));
    expect(told.frames.map(({ device_id, quality, number }) => [device_id, quality, number])).toEqual([
      [DEVICE, "low", 1],
      [DEVICE, "high", 1],
    ]);
    expect(new TextDecoder().decode(told.frames[0]!.jpeg)).toBe("jpeg");
    expect(told.frames[0], "where the server has it from, it does not say").toMatchObject({ source: "the server" });
    socket().end();
    await waits(250);
    await begin();
    expect(asks()).toHaveLength(2);
  });

  test("that cannot be had are told, and are no error of the execution", async () => {
    await begin();
    source.watch([low]);
    socket().say(refusal("PREVIEW_UNAVAILABLE", DEVICE));
    expect(told.problem).toHaveBeenCalledWith({ device_id: DEVICE, message: "PREVIEW_UNAVAILABLE" });
    expect(told.heard).toEqual(["snapshot: execution_state"]);
    source.watch([low]);
    expect(asks(), "the reader may try again").toHaveLength(2);
  });
});

describe("steering", () => {
  const posts = () => requests.filter((request) => request.startsWith("POST"));

  test("is there where the server allows it, and goes by HTTP", async () => {
    expect(source.steering).toBeUndefined();
    await begin();
    answers["POST /pause"] = answers["POST /resume"] = answers["POST /steps/s1/retry"] = json({ execution_id: EXECUTION }, 202);
    source.steering!.give({ do: "pause" });
    source.steering!.give({ do: "resume", device_id: "1.2.3.4:5" });
    source.steering!.give({ do: "retry", step_id: "s1" });
    await waits(0);
    expect(posts()).toEqual([
      "POST /pause?token=s3cret",
      "POST /resume?device_id=1.2.3.4%3A5&token=s3cret",
      "POST /steps/s1/retry?token=s3cret",
    ]);
    expect([source.steering!.told, source.steering!.pausesOnFailure]).toEqual(["", undefined]);
    expect(continued).toEqual([]);
    answers["DELETE "] = json({ execution_id: EXECUTION }, 202);
    expect(await source.cancel!()).toBeNull();
    expect(requests).toContain("DELETE ?token=s3cret");
  });

  test("a cancel that is refused, or not heard, is answered with the reason", async () => {
    await begin();
    answers["DELETE "] = json({ detail: "this server cannot cancel executions" }, 501);
    expect(await source.cancel!()).toBe("this server cannot cancel executions");
    answers["DELETE "] = () => Promise.resolve(new Response("<html>", { status: 502 }));
    expect(await source.cancel!(), "a gateway speaks no JSON").toBe("The server answered 502");
    answers["DELETE "] = () => Promise.reject(new TypeError("no network"));
    expect(await source.cancel!()).toBe("The server cannot be reached");
  });

  test("the pause on a failure is as the server says, and as it was switched", async () => {
    answers["GET /steering"] = json({ allowed: ["retry", "pause_on_failure"] });
    answers["GET /pause_on_failure"] = json({ on: true });
    await begin();
    expect(source.steering!.pausesOnFailure).toBe(true);
    answers["POST /pause_on_failure"] = json({ execution_id: EXECUTION }, 202);
    source.steering!.give({ do: "pause_on_failure", on: false });
    await waits(1_000);
    expect(posts()).toEqual(["POST /pause_on_failure?on=false&token=s3cret"]);
    expect(source.steering!.pausesOnFailure).toBe(false);
    answers["POST /pause_on_failure"] = json({ detail: "it has ended" }, 409);
    source.steering!.give({ do: "pause_on_failure", on: true });
    await waits(1_000);
    expect([source.steering!.pausesOnFailure, source.steering!.told]).toEqual([false, "it has ended"]);
  });

  test("is away where the server is to look at, or does not say", async () => {
    for (const answer of [json({ allowed: [] }), json({}, 404)]) {
      answers["GET /steering"] = answer;
      await begin();
      expect([source.steering, source.cancel]).toEqual([undefined, undefined]);
    }
  });

  test("that is refused, or not heard, is told", async () => {
    await begin();
    answers["POST /pause"] = json({ detail: "it has ended" }, 409);
    source.steering!.give({ do: "pause" });
    await waits(0);
    expect(source.steering!.told).toBe("it has ended");
    answers["POST /pause"] = () => Promise.reject(new TypeError("no network"));
    source.steering!.give({ do: "pause" });
    await waits(0);
    expect(source.steering!.told).toBe("The server cannot be reached");
    answers["POST /pause"] = () => new Promise(() => undefined);
    source.steering!.give({ do: "pause" });
    await waits(2_000);
    expect(source.steering!.told).toBe("The server has not answered yet");
  });

  test("leads to another execution, where this one has ended", async () => {
    await begin();
    answers["POST /steps/s1/retry"] = json({ execution_id: "another" }, 202);
    source.steering!.give({ do: "retry", step_id: "s1" });
    await waits(0);
    expect(continued).toEqual(["another"]);
    expect(source.address.page("another")).toBe("http://server.test/hub/watch/another?token=s3cret");
  });
});

describe("a moment of the past", () => {
  const headers = { "Frame-Number": "7", "Frame-Width": "2", "Frame-Height": "3", "Frame-From": at(0) };
  const picture = `GET /recording/${DEVICE}`;

  test("is asked of the server", async () => {
    answers[picture] = () => new Response(new Uint8Array([1, 2]), { headers: { ...headers, "Frame-Until": at(0.05) } });
    const found = { device_id: DEVICE, number: 7, width: 2, height: 3, from: NOW, until: NOW + 50, jpeg: new Uint8Array([1, 2]) };
    expect(await source.seek(DEVICE, NOW + 20)).toEqual(found);
    expect(requests).toEqual([`GET /recording/${DEVICE}?${new URLSearchParams({ at: at(0.02) })}&token=s3cret`]);
    answers[picture] = () => new Response(new Uint8Array([1]), { headers });
    expect(await source.seek(DEVICE, NOW + 20), "the newest: another may follow").toMatchObject({ until: NOW + 20 });
  });

  test("without a picture is told apart from a server that does not answer", async () => {
    expect(await source.seek(DEVICE, NOW)).toBeNull();
    answers[picture] = () => new Response(null, { status: 404, headers: { "Frame-Missing": "the%20device%20was%20away" } });
    expect(await source.seek(DEVICE, NOW)).toBe("the device was away");
    answers[picture] = () => new Response(null, { status: 500 });
    expect(await source.seek(DEVICE, NOW)).toBeUndefined();
    answers[picture] = () => Promise.reject(new TypeError("no network"));
    expect(await source.seek(DEVICE, NOW)).toBeUndefined();
  });
});
