import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { CommSource } from "../src/comm";
import { isLoopback } from "../src/loopback";
import type { Listener } from "../src/source";
import { DEVICE, entry, FakeModel, NOW, settle, snapshot } from "./fakes";

const heard = () => ({
  messages: vi.fn<Listener["messages"]>(),
  snapshot: vi.fn<Listener["snapshot"]>(),
  frame: vi.fn<Listener["frame"]>(),
  problem: vi.fn<Listener["problem"]>(),
  controlled: vi.fn<Listener["controlled"]>(),
  sign: vi.fn<Listener["sign"]>(),
});

let model: FakeModel;
let source: CommSource;
let listener: ReturnType<typeof heard>;

beforeEach(async () => {
  model = new FakeModel();
  source = new CommSource(model.model, null, true);
  listener = heard();
  source.open(listener);
  await settle();
});

const welcome = (page: unknown) =>
  model.say({ kind: "snapshot", now: NOW, lost: 3, page }, [snapshot(), entry("before")]);

describe("greeting", () => {
  test("a page says hello under a name of its own", () => {
    const other = new FakeModel();
    new CommSource(other.model).open(heard());
    expect(model.kinds()).toEqual(["hello"]);
    expect(model.page).toMatch(/^[0-9a-f]{16}$/);
    expect(other.page).not.toEqual(model.page);
  });

  test("a page greets again until it is answered: a message can be lost while a page is loaded", () => {
    vi.useFakeTimers();
    const lossy = new FakeModel();
    const patient = new CommSource(lossy.model);
    patient.open(heard());
    vi.advanceTimersByTime(4_500);
    expect(lossy.kinds()).toEqual(["hello", "hello", "hello"]);
    lossy.say({ kind: "snapshot", now: NOW, lost: 0, page: lossy.page }, [snapshot()]);
    vi.advanceTimersByTime(60_000);
    expect(lossy.kinds()).toHaveLength(3);
    patient.close();
    vi.useRealTimers();
  });

  test("a question to a kernel that was restarted has no answer, and throws nothing", async () => {
    welcome(model.page);
    model.traits["may_seek"] = true;
    vi.spyOn(model, "send").mockImplementation(() => {
      throw new Error("Cannot send");
    });
    const answered = vi.fn();
    void source.seek!(DEVICE, NOW).then(answered);
    await Promise.resolve();
    expect(answered).not.toHaveBeenCalled();
    expect(listener.sign).not.toHaveBeenCalledWith(true);
  });

  test("messages before the first snapshot are passed over: the snapshot holds them", () => {
    model.say({ kind: "messages", now: NOW }, [entry("early")]);
    expect(listener.messages).not.toHaveBeenCalled();
    welcome(model.page);
    model.say({ kind: "messages", now: NOW + 5 }, [entry("late")]);
    expect(listener.snapshot).toHaveBeenCalledWith([snapshot(), entry("before")], NOW, 3);
    expect(listener.messages).toHaveBeenCalledWith([entry("late")], NOW + 5);
  });

  test("a snapshot sent unasked does for a page that has none, and not for one that has", () => {
    welcome(null);
    welcome(null);
    welcome("another page");
    expect(listener.snapshot).toHaveBeenCalledTimes(1);
    welcome(model.page);
    expect(listener.snapshot).toHaveBeenCalledTimes(2);
  });
});

describe("pictures", () => {
  test("a frame's bytes are a window on the buffer, not a copy of all of it", () => {
    model.sayBytes(
      { kind: "frame", device_id: DEVICE, quality: "low", width: 2, height: 3, timestamp: "t", number: 7 },
      [1, 2, 3],
    );
    expect(listener.frame).toHaveBeenCalledWith(expect.objectContaining({ number: 7, quality: "low" }));
    expect([...listener.frame.mock.calls[0]![0].jpeg]).toEqual([1, 2, 3]);
  });

  test("every sixteenth frame is acknowledged, but once a second, and sooner what comes late", () => {
    vi.useFakeTimers();
    const patient = new CommSource(model.model);
    const acknowledged = () => model.sent.filter(({ kind }) => kind === "drawn").map(({ number }) => number);
    for (let number = 1; number <= 33; number++) patient.drawn(number);
    expect(acknowledged()).toEqual([16, 32]);
    vi.advanceTimersByTime(1_000);
    patient.drawn(34);
    patient.drawn(35);
    expect(acknowledged()).toEqual([16, 32, 34]);
    const late = { device_id: DEVICE, quality: "low" as const, latency_ms: 301, clock: "same" as const };
    for (let number = 36; number <= 43; number++) patient.drawn(number, late);
    expect(acknowledged()).toEqual([16, 32, 34, 38, 42]);
    vi.useRealTimers();
  });

  describe("that last", () => {
    beforeEach(async () => {
      vi.useFakeTimers();
      model = new FakeModel();
      source = new CommSource(model.model);
      source.open(listener);
      await vi.advanceTimersByTimeAsync(0);
    });

    afterEach(() => {
      source.close();
      vi.useRealTimers();
    });

    const watches = () => model.kinds().filter((kind) => kind === "watch");

    test("what is watched is said once, again while it lasts, and no more after it ended", () => {
      const stream = { device_id: DEVICE, quality: "medium" as const };
      source.watch([stream]);
      source.watch([stream]);
      expect(model.kinds()).toEqual(["hello", "watch"]);
      vi.advanceTimersByTime(11_000);
      expect(watches()).toHaveLength(3);
      source.watch([]);
      expect(model.sent.at(-1)).toMatchObject({ kind: "watch", streams: [] });
      vi.advanceTimersByTime(60_000);
      expect(watches()).toHaveLength(4);
    });

    test("where frames are acknowledged, that the page looks on is told by that", () => {
      source.watch([{ device_id: DEVICE, quality: "medium" }]);
      for (let number = 1; number <= 10; number++) {
        vi.advanceTimersByTime(2_000);
        source.drawn(number);
      }
      expect(watches()).toHaveLength(1);
      vi.advanceTimersByTime(10_000);
      expect(watches()).toHaveLength(3);
    });
  });

  test("a problem is passed on", () => {
    model.say({ kind: "problem", device_id: DEVICE, message: "no picture" });
    expect(listener.problem).toHaveBeenCalledWith(expect.objectContaining({ message: "no picture" }));
  });
});

describe("commands", () => {
  test("a cancel that was refused is answered with the reason", async () => {
    const answer = source.cancel!();
    const { id } = model.sent.at(-1)!;
    model.say({ kind: "cancelled", page: "another", id, refused: "not this one" });
    model.say({ kind: "cancelled", page: model.page, id, refused: "the server is gone" });
    expect(await answer).toBe("the server is gone");
  });

  test("cancel is there only where it is allowed", () => {
    void source.cancel?.();
    expect(model.sent.at(-1)).toMatchObject({ kind: "cancel" });
    expect(new CommSource(model.model, null, false).cancel).toBeUndefined();
  });

  test("a screenshot is asked of the kernel once, and given to all who wait", async () => {
    const first = source.screenshot("/s/1.png");
    const second = source.screenshot("/s/1.png");
    expect(model.kinds().filter((kind) => kind === "screenshot")).toHaveLength(1);
    model.sayBytes({ kind: "screenshot", url: "/s/1.png", found: true }, [137, 80]);
    expect(await first).toMatch(/^blob:/);
    expect(await second).toBe(await first);
  });

  test("a screenshot that is not kept any more is told as such", async () => {
    const asked = source.screenshot("/s/2.png");
    model.say({ kind: "screenshot", url: "/s/2.png", found: false });
    await expect(asked).rejects.toThrow("/s/2.png");
  });

  test("on the server's own machine screenshots come from the server", async () => {
    vi.stubGlobal("location", { hostname: "127.0.0.1" });
    const near = new CommSource(model.model, "http://127.0.0.1:8123");
    expect(await near.screenshot("/s/1.png")).toBe("http://127.0.0.1:8123/s/1.png");
    expect(model.kinds()).not.toContain("screenshot");
    void near.screenshot("/s/1.png", true);
    expect(model.kinds().at(-1), "a lab that was closed has no server any more").toBe("screenshot");
    vi.unstubAllGlobals();
    expect(["localhost", "127.0.0.1", "[::1]"].every(isLoopback)).toBe(true);
    expect(["127.evil.test", "hub.test", "10.0.0.1"].some(isLoopback)).toBe(false);
  });
});

describe("the log's other lines", () => {
  const line = { time: NOW, level: "INFO", source: "run", device: DEVICE, module: "m", message: "late" } as const;

  test("are asked for only where the kernel has them", () => {
    expect(source.log).toBeUndefined();
    model.traits["may_load"] = true;
    expect(new CommSource(model.model).log).toBeDefined();
  });

  test("come to the page that asked, each answer to its question", async () => {
    model.traits["may_load"] = true;
    const asking = new CommSource(model.model);
    asking.open(listener);
    const { page } = model.sent.at(-1)!;
    const [earlier, shed] = [asking.log!.earlier(line), asking.log!.shed(line, 2, 37)];
    const place = { at: NOW, device_id: DEVICE, message: "late" };
    expect(model.sent.slice(-2)).toMatchObject([
      { kind: "earlier", id: 1, first: place },
      { kind: "shed", id: 2, after: place, skip: 2, count: 37 },
    ]);
    model.say({ kind: "lines", page: "another", id: 1, lost: 9, refused: null }, [entry("not ours")]);
    model.say({ kind: "lines", page, id: 2, lost: 0, refused: "it is gone" }, []);
    model.say({ kind: "lines", page, id: 1, lost: 3, refused: null }, [entry("early")]);
    expect(await earlier).toMatchObject({ entries: [entry("early")], lost: 3, refused: null });
    expect(await shed).toMatchObject({ entries: [], refused: "it is gone" });
  });
});

test("a closed source looks at nothing and hears nothing", () => {
  source.watch([{ device_id: DEVICE, quality: "low" }]);
  source.close();
  expect(model.sent.at(-1)).toMatchObject({ kind: "watch", streams: [] });
  welcome(model.page);
  expect(listener.snapshot).not.toHaveBeenCalled();
});

describe("control", () => {
  const touch = { device_id: DEVICE, gesture: { do: "key" as const, key: "home" }, picture: [2, 3] as [number, number] };
  let control: NonNullable<CommSource["control"]>;
  let page: unknown;

  beforeEach(() => {
    model = new FakeModel();
    source = new CommSource(model.model, null, false, true);
    source.open(listener);
    control = source.control!;
    page = model.page;
  });

  test("is there only where it is allowed", () => {
    expect(new CommSource(model.model).control).toBeUndefined();
    expect(control.on).toBe(false);
  });

  test("is switched at once on the page, and by the kernel's word after that", () => {
    control.switch(true);
    expect(control.on, "a busy kernel answers late").toBe(true);
    expect(model.sent.at(-1)).toMatchObject({ kind: "control", on: true });
    expect(listener.controlled).toHaveBeenCalledTimes(1);
    model.change("control", false);
    expect(control.on).toBe(false);
    expect(listener.controlled).toHaveBeenCalledTimes(2);
  });

  test("each touch gets its own answer, whoever else asks", async () => {
    const [first, second] = [control.touch({ ...touch, at: 1 }), control.touch({ ...touch, at: 2 })];
    expect(model.sent.slice(-2)).toMatchObject([
      { kind: "touch", id: 1, at: 1, page, gesture: { do: "key", key: "home" }, picture: [2, 3] },
      { kind: "touch", id: 2 },
    ]);
    model.say({ kind: "touched", page: "another", id: 1, refused: "no" });
    model.say({ kind: "touched", page, id: 2, refused: "the device is offline" });
    model.say({ kind: "touched", page, id: 1, refused: null });
    expect(await Promise.all([first, second])).toEqual([null, "the device is offline"]);
  });
});

test("an acknowledgement tells how many frames were drawn of each stream, and how old they were", () => {
  const drawing = { device_id: DEVICE, quality: "low" as const, clock: "same" as const };
  source.drawn(1, { ...drawing, latency_ms: 10 });
  source.drawn(3, { ...drawing, latency_ms: 20 });
  source.drawn(16, { ...drawing, quality: "high", latency_ms: 50 });
  expect(model.sent.at(-1)).toMatchObject({
    kind: "drawn",
    number: 16,
    seen: [
      { ...drawing, latency_ms: 15, frames: 2 },
      { ...drawing, quality: "high", latency_ms: 50, frames: 1 },
    ],
  });
  source.drawn(32);
  expect(model.sent.at(-1), "each is told once").not.toHaveProperty("seen");
});

test("a frame that two views draw is one frame", () => {
  const drawing = { device_id: DEVICE, quality: "low" as const, clock: "same" as const };
  for (let number = 1; number <= 16; number++) {
    source.drawn(number, { ...drawing, latency_ms: 10 });
    source.drawn(number, { ...drawing, latency_ms: 90 });
  }
  expect(model.sent.at(-1)!["seen"]).toEqual([{ ...drawing, latency_ms: 10, frames: 16 }]);
});
