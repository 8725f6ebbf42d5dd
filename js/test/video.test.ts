import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { CommSource } from "../src/comm";
import type { Frame, Listener, PreviewProblem } from "../src/source";
import { canDecode, type Hooks, type Packet, VideoPlayer } from "../src/video";
import { DEVICE, FakeImage, FakeModel, settle } from "./fakes";

/** A decoder that gives a picture when a test says so. */
class FakeDecoder {
  static all: FakeDecoder[] = [];
  static refuse = false;
  state: CodecState = "unconfigured";
  codec = "";
  chunks: { type: string; timestamp: number; data: Uint8Array }[] = [];

  constructor(readonly init: VideoDecoderInit) {
    FakeDecoder.all.push(this);
  }
  static isConfigSupported = vi.fn(async () => ({ supported: !FakeDecoder.refuse }));
  configure(config: VideoDecoderConfig): void {
    this.state = "configured";
    this.codec = config.codec;
  }
  decode(chunk: never): void {
    this.chunks.push(chunk);
  }
  /** As a test has it: what is kept back is given, or never was. */
  flush = vi.fn(async () => undefined as void);
  close(): void {
    this.state = "closed";
  }
  give(timestamp = this.chunks.at(-1)!.timestamp): FakeImage {
    const image = new FakeImage(timestamp);
    this.init.output(image as never);
    return image;
  }
  fail(name: string): void {
    this.state = "closed";
    this.init.error(new DOMException("it failed", name));
  }
}

const newest = () => FakeDecoder.all.at(-1)!;

beforeEach(() => {
  FakeDecoder.all = [];
  FakeDecoder.refuse = false;
  vi.stubGlobal("VideoDecoder", FakeDecoder);
  vi.stubGlobal("isSecureContext", true);
  vi.stubGlobal(
    "EncodedVideoChunk",
    class {
      constructor(init: object) {
        Object.assign(this, init);
      }
    },
  );
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function packet(sequence: number, changes: Partial<Packet> = {}): Packet {
  const key = changes.key ?? false;
  return {
    device_id: DEVICE,
    sequence,
    number: sequence,
    key,
    timestamp: "t",
    source: "scrcpy",
    codec: "h264",
    ...(key && { format: "avc1.42c01f" }),
    data: new Uint8Array([sequence]),
    ...changes,
  };
}

describe("whether a page may decode", () => {
  test("only where it came safely, and the browser can", async () => {
    expect(await canDecode()).toBe(true);
    FakeDecoder.refuse = true;
    expect(await canDecode()).toBe(false);
    FakeDecoder.refuse = false;
    vi.stubGlobal("isSecureContext", false);
    expect(await canDecode()).toBe(false);
    vi.stubGlobal("isSecureContext", true);
    vi.stubGlobal("VideoDecoder", undefined);
    expect(await canDecode()).toBe(false);
  });
});

describe("the player", () => {
  let hooks: { [Name in keyof Hooks]: ReturnType<typeof vi.fn<Hooks[Name]>> };
  let player: VideoPlayer;
  const key = (sequence: number, changes: Partial<Packet> = {}) => player.take(packet(sequence, { key: true, ...changes }));
  const delta = (sequence: number) => player.take(packet(sequence));

  beforeEach(() => {
    vi.useFakeTimers();
    hooks = { picture: vi.fn(), needKey: vi.fn(), failed: vi.fn() };
    player = new VideoPlayer(hooks);
  });

  test("decodes from the first key frame on, in order, and hands out pictures with their packets", () => {
    delta(1);
    expect(FakeDecoder.all).toHaveLength(0);
    expect(hooks.needKey).toHaveBeenCalledTimes(1);
    key(2);
    delta(3);
    expect(newest().codec).toBe("avc1.42c01f");
    expect(newest().chunks.map(({ type, data }) => [type, ...data])).toEqual([["key", 2], ["delta", 3]]);
    const image = newest().give();
    expect(hooks.picture).toHaveBeenCalledWith(expect.objectContaining({ sequence: 3 }), image);
    expect(image.closed, "it is the listener's").toBe(0);
  });

  test("a gap: nothing before the next key frame, which is asked for until it comes", () => {
    key(1);
    delta(3);
    delta(4);
    expect(newest().chunks).toHaveLength(1);
    expect(hooks.needKey).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(2_500);
    expect(hooks.needKey).toHaveBeenCalledTimes(3);
    key(9);
    delta(10);
    expect(newest().chunks).toHaveLength(3);
    vi.advanceTimersByTime(10_000);
    expect(hooks.needKey).toHaveBeenCalledTimes(3);
    expect(FakeDecoder.all, "the same decoder goes on").toHaveLength(1);
  });

  test("never more than six under way: what follows is dropped, up to the next key frame", () => {
    key(1);
    newest().give();
    for (let sequence = 2; sequence <= 20; sequence++) delta(sequence);
    expect(newest().chunks).toHaveLength(1 + 6);
    expect(hooks.needKey).toHaveBeenCalledTimes(1);
    const [slow] = FakeDecoder.all;
    key(21);
    expect(slow!.state, "what it still holds is older").toBe("closed");
    expect(newest().chunks).toHaveLength(1);
    expect(slow!.give(2_000).closed, "a picture that comes too late is let go").toBe(1);
    expect(hooks.picture).toHaveBeenCalledTimes(1);
    expect(hooks.failed, "a slow page is no fault").not.toHaveBeenCalled();
  });

  test("a decoder that keeps as many back as H.264 allows is let do so, and no more", () => {
    key(1);
    for (let sequence = 2; sequence <= 40; sequence++) {
      delta(sequence);
      if (sequence > 16) newest().give((sequence - 16) * 1_000);
    }
    expect(hooks.picture).toHaveBeenCalledTimes(24);
    expect(hooks.needKey).not.toHaveBeenCalled();
    for (let sequence = 41; sequence <= 60; sequence++) delta(sequence);
    expect(newest().chunks, "six beyond what it keeps").toHaveLength(40 + 6);
  });

  test("where nothing follows, a decoder is told to give what it keeps back", async () => {
    key(1);
    delta(2);
    newest().flush.mockImplementation(async () => void newest().give());
    await vi.advanceTimersByTimeAsync(750);
    expect(hooks.picture).toHaveBeenCalledWith(expect.objectContaining({ sequence: 2 }), expect.anything());
    expect(hooks.needKey, "a screen that stands still needs nothing more").not.toHaveBeenCalled();
    delta(3);
    expect(hooks.needKey, "but what follows leans on nothing").toHaveBeenCalledTimes(1);
    key(4);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeDecoder.all).toHaveLength(1);
    expect(hooks.failed).not.toHaveBeenCalled();
  });

  test("a decoder that takes packets and gives no picture is given up within seconds, also for another", async () => {
    let sequence = 0;
    while (!hooks.failed.mock.calls.length && sequence < 150) {
      sequence += 1;
      if (sequence % 30 === 1) key(sequence);
      else delta(sequence);
      await vi.advanceTimersByTimeAsync(33);
    }
    expect(hooks.failed).toHaveBeenCalledWith("the browser's decoder gives no picture");
    expect(newest().state).toBe("closed");
  });

  test("and so is one that gives none of a screen that stands still", async () => {
    for (let sequence = 1; sequence <= 3; sequence++) {
      expect(hooks.failed).not.toHaveBeenCalled();
      key(sequence);
      await vi.advanceTimersByTimeAsync(750);
      expect(hooks.needKey).toHaveBeenCalled();
    }
    expect(hooks.failed).toHaveBeenCalledWith("the browser's decoder gives no picture");
  });

  test("another format is another decoder", () => {
    key(1);
    key(2, { format: "avc1.64001f" });
    expect(FakeDecoder.all.map(({ codec, state }) => [codec, state])).toEqual([
      ["avc1.42c01f", "closed"],
      ["avc1.64001f", "configured"],
    ]);
  });

  test("a decoder that Chrome took away is replaced with the next key frame, however often", () => {
    key(1);
    for (let sequence = 2; sequence < 20; sequence += 2) {
      newest().fail("QuotaExceededError");
      delta(sequence);
      key(sequence + 1);
      expect(newest().state).toBe("configured");
    }
    expect(hooks.needKey).toHaveBeenCalledTimes(9);
    expect(hooks.failed).not.toHaveBeenCalled();
  });

  test("an error is made up for by a key frame; the third in half a minute is one too many", () => {
    key(1);
    newest().fail("EncodingError");
    key(2);
    newest().fail("EncodingError");
    vi.advanceTimersByTime(40_000);
    key(3);
    newest().fail("EncodingError");
    key(4);
    expect(hooks.failed).not.toHaveBeenCalled();
    delta(6);
    key(7);
    delta(9);
    expect(hooks.failed).toHaveBeenCalledWith("packets were lost on the way");
    const asked = hooks.needKey.mock.calls.length;
    key(10);
    vi.advanceTimersByTime(10_000);
    expect(newest().state).toBe("closed");
    expect(hooks.needKey, "it is closed").toHaveBeenCalledTimes(asked);
  });

  test("what the browser cannot decode at all is given up at once", () => {
    key(1);
    newest().fail("NotSupportedError");
    expect(hooks.failed).toHaveBeenCalledWith("this browser cannot decode avc1.42c01f");
  });

  test("what a decoder throws is an error like any other", () => {
    vi.spyOn(FakeDecoder.prototype, "decode").mockImplementation(() => {
      throw new DOMException("a key frame is required", "DataError");
    });
    for (const sequence of [1, 2, 3]) key(sequence);
    expect(hooks.failed).toHaveBeenCalledTimes(1);
    vi.restoreAllMocks();
  });
});

describe("over the comm", () => {
  let model: FakeModel;
  let source: CommSource;
  let frames: Frame[];
  let problems: PreviewProblem[];
  const medium = { device_id: DEVICE, quality: "medium" as const };
  const decoded = { ...medium, decodes: ["h264"] };
  const say = (sequence: number, changes: Partial<Packet> = {}) => {
    const { data, ...content } = packet(sequence, changes);
    model.sayBytes({ kind: "video", ...content }, [...data]);
  };
  const watches = () => model.sent.filter(({ kind }) => kind === "watch");

  beforeEach(async () => {
    model = new FakeModel();
    source = new CommSource(model.model);
    frames = [];
    problems = [];
    const nothing = vi.fn();
    source.open({
      messages: nothing,
      snapshot: nothing,
      frame: (frame) => frames.push(frame),
      problem: ({ device_id, message }) => problems.push({ device_id, message }),
      controlled: nothing,
      sign: nothing,
    } satisfies Listener);
    await settle();
  });

  test("the page says that it decodes, and turns packets into frames of what it looks at", () => {
    source.watch([medium, { ...medium, quality: "high" }]);
    expect(watches().at(-1)).toMatchObject({ streams: [decoded, { quality: "high", decodes: ["h264"] }] });
    say(1, { key: true });
    const image = newest().give();
    expect(frames).toHaveLength(2);
    expect(frames[0]).toMatchObject({ ...medium, codec: "h264", source: "scrcpy", width: 64, height: 96, number: 1 });
    expect(frames[0]!.video).toEqual({ image, bytes: 1 });
    expect(frames[1]!.video!.image, "each stream lets go of its own").not.toBe(image);
  });

  test("where the page cannot decode it does not say so", async () => {
    FakeDecoder.refuse = true;
    const plain = new FakeModel();
    const other = new CommSource(plain.model);
    other.open({} as Listener);
    await settle();
    other.watch([medium]);
    expect(plain.sent.at(-1)).toMatchObject({ kind: "watch", streams: [medium] });
    expect(JSON.stringify(plain.sent)).not.toContain("decodes");
  });

  test("nothing is said to be watched before the browser has said what it decodes: others share the video", async () => {
    const plain = new FakeModel();
    const other = new CommSource(plain.model);
    other.open({} as Listener);
    other.watch([medium]);
    expect(plain.kinds()).toEqual(["hello"]);
    await settle();
    expect(plain.sent.at(-1)).toMatchObject({ kind: "watch", streams: [decoded] });
    other.close();
  });

  test("but a browser that does not say is not waited for", () => {
    vi.useFakeTimers();
    FakeDecoder.isConfigSupported.mockReturnValueOnce(new Promise(() => undefined));
    const plain = new FakeModel();
    const other = new CommSource(plain.model);
    other.open({} as Listener);
    other.watch([medium]);
    vi.advanceTimersByTime(1_000);
    expect(plain.sent.at(-1)).toMatchObject({ kind: "watch", streams: [medium] });
    other.close();
  });

  test("what is not looked at any more is not decoded", () => {
    source.watch([medium]);
    say(1, { key: true });
    source.watch([]);
    expect(newest().state).toBe("closed");
    say(2, { key: true });
    expect(FakeDecoder.all).toHaveLength(1);
  });

  test("a video that fails gives way to JPEG, and is tried again later, ever more rarely", () => {
    vi.useFakeTimers();
    vi.spyOn(console, "info").mockImplementation(() => undefined);
    source.watch([medium]);
    for (const wait of [30_000, 60_000, 120_000]) {
      say(1, { key: true });
      newest().fail("NotSupportedError");
      expect(watches().at(-1)!["streams"]).toEqual([medium]);
      vi.advanceTimersByTime(wait - 1);
      expect(watches().at(-1)!["streams"]).toEqual([medium]);
      vi.advanceTimersByTime(1);
      expect(watches().at(-1)!["streams"]).toEqual([decoded]);
    }
    source.close();
    vi.restoreAllMocks();
  });

  test("why it was given up is told on the picture until JPEG comes, and beside its figures after that", () => {
    vi.spyOn(console, "info").mockImplementation(() => undefined);
    source.watch([medium]);
    say(1, { key: true });
    newest().fail("NotSupportedError");
    const reason = "this browser cannot decode avc1.42c01f";
    expect(problems).toEqual([{ device_id: DEVICE, message: `The video was given up: ${reason}. Waiting for JPEG…` }]);
    model.sayBytes({ kind: "frame", ...medium, width: 2, height: 3, timestamp: "t", number: 7 }, [1]);
    expect(frames.at(-1)).toMatchObject({ number: 7, withoutVideo: reason });
    vi.restoreAllMocks();
  });

  test("what one device's video fails at is no other's fault", () => {
    vi.spyOn(console, "info").mockImplementation(() => undefined);
    const other = { ...medium, device_id: "R58M" };
    source.watch([medium, other]);
    say(1, { key: true, device_id: "R58M" });
    say(1, { key: true });
    newest().fail("NotSupportedError");
    expect(watches().at(-1)!["streams"]).toEqual([medium, { ...other, decodes: ["h264"] }]);
    say(2, { key: true });
    expect(FakeDecoder.all, "it is not decoded any more").toHaveLength(2);
    say(2, { device_id: "R58M" });
    expect(FakeDecoder.all[0]!.chunks).toHaveLength(2);
    source.close();
    vi.restoreAllMocks();
  });

  test("a gap is told to the kernel", () => {
    source.watch([medium]);
    say(1, { key: true });
    say(3);
    expect(model.sent.at(-1)).toMatchObject({ kind: "key", device_id: DEVICE });
    source.close();
  });
});
