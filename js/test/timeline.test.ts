import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { barAt, lanesOf, neighbour, restAt } from "../src/lanes";
import type { Attempt, ExecutionSnapshot, PauseSpan, Step } from "../src/messages";
import { pausedMs, restWords } from "../src/pauses";
import { Store } from "../src/store";
import { panned, revealing, roomFor, sinceStart, ticks, toMoment, toX, zoomed } from "../src/timescale";
import { Tip } from "../src/views/timelinetip";
import { ExecutionView } from "../src/views/view";
import { at, DEVICE, FakeBrowser, FakeSource, NOW, settle, snapshot } from "./fakes";

const ms = (seconds: number) => NOW + seconds * 1000;
const attempt = (number: number, from: number, to: number, status: Attempt["status"] = "completed"): Attempt => ({
  attempt: number,
  status,
  started_at: at(from),
  ended_at: at(to),
});
const step = (step_id: string, attempts: Attempt[], changes: Partial<Step> = {}): Step => ({
  step_id,
  device_id: DEVICE,
  module_id: `${step_id}_module`,
  status: attempts.at(-1)?.status ?? "pending",
  attempts,
  ...changes,
});
const STATE = snapshot({
  status: "completed",
  started_at: at(0),
  duration_seconds: 20,
  devices: [
    { device_id: DEVICE, status: "available", last_seen: at(0) },
    { device_id: "R58M", status: "available", last_seen: at(0) },
  ],
  steps: [
    step("call", [attempt(1, 1, 4, "failed"), attempt(2, 5, 8)]),
    step("sms", [attempt(1, 8, 11, "failed")]),
    step("data", [attempt(1, 2, 6)], { device_id: "R58M" }),
    step("later", []),
  ],
  errors: [{ code: "MODULE_TIMEOUT", message: "", timestamp: at(11), device_id: DEVICE }],
});

describe("the scale", () => {
  const window = { from: 1000, to: 3000 };
  const bounds = { from: 0, to: 10_000 };

  test("there and back", () => {
    expect(toX(window, 200, 2000)).toBe(100);
    expect(toMoment(window, 200, 100)).toBe(2000);
  });

  test.each([
    [10_000, 700, ["0:00", "0:02", "0:04"]],
    [45_000, 700, ["0:00", "0:05", "0:10"]],
    [600, 700, ["0:00.0", "0:00.1", "0:00.2"]],
    [300, 1400, ["0:00.00", "0:00.02", "0:00.04"]],
    [3_600_000, 700, ["0:00", "10:00", "20:00"]],
    [86_400_000 * 40, 700, ["0:00", "120:00:00", "240:00:00"]],
  ])("%i ms on %i pixels has ticks at round times", (length, width, first) => {
    const found = ticks({ from: 500, to: 500 + length }, 500, width);
    expect(found.slice(0, 3).map(({ label }) => label)).toEqual(first);
    for (const [i, tick] of found.entries()) {
      if (i) expect(toX({ from: 0, to: length }, width, tick.at - found[i - 1]!.at)).toBeGreaterThanOrEqual(71);
    }
  });

  test("ticks count from the beginning, and lie in the window", () => {
    const found = ticks({ from: 3500, to: 9000 }, 1000, 600);
    expect(found.map(({ at }) => at)).toEqual([4000, 5000, 6000, 7000, 8000, 9000]);
    expect(found[0]?.label).toBe("0:03");
  });

  test("times are as fine as asked", () => {
    expect([sinceStart(65_249), sinceStart(65_249, 20), sinceStart(65_249, 1000)]).toEqual(["1:05.2", "1:05.25", "1:05"]);
  });

  test("zoom keeps the moment under the pointer, and stays inside", () => {
    const near = zoomed(window, 2, 2500, bounds);
    expect(near).toEqual({ from: 1750, to: 2750 });
    expect(toX(near, 100, 2500)).toBe(toX(window, 100, 2500));
    expect(zoomed(window, 0.01, 1000, bounds)).toEqual(bounds);
    expect(zoomed(window, 1e6, 2000, bounds).to - zoomed(window, 1e6, 2000, bounds).from).toBeCloseTo(200);
    expect(panned(window, -5000, bounds)).toEqual({ from: 0, to: 2000 });
    expect(panned(window, 50_000, bounds)).toEqual({ from: 8000, to: 10_000 });
  });

  test("a moment out of sight is brought in, one in sight moves nothing", () => {
    expect(revealing(window, 2999, bounds)).toBe(window);
    expect(revealing(window, 5000, bounds)).toEqual({ from: 3200, to: 5200 });
    expect(revealing(window, 500, bounds)).toEqual({ from: 300, to: 2300 });
  });

  test("a growing execution's axis grows seldom", () => {
    const lengths = new Set(Array.from({ length: 600 }, (_, i) => roomFor(i * 100)));
    expect(lengths.size).toBeLessThan(20);
    for (let elapsed = 0; elapsed < 1e6; elapsed += 7919) expect(roomFor(elapsed)).toBeGreaterThanOrEqual(elapsed);
  });
});

describe("the lanes", () => {
  const { lanes, moments, failures, origin } = lanesOf(STATE);

  test("are a lane a device and a bar an attempt, in the order of time", () => {
    expect(lanes.map(({ device }) => device)).toEqual([DEVICE, "R58M"]);
    expect(lanes[0]?.bars.map(({ from, retried }) => [from, retried])).toEqual([
      [ms(1), true],
      [ms(5), false],
      [ms(8), false],
    ]);
    expect(lanes[0]?.errors).toHaveLength(1);
    expect(origin).toBe(ms(0));
  });

  test("know each moment once, and those of failures", () => {
    expect(moments).toEqual([1, 2, 4, 5, 6, 8, 11].map(ms));
    expect(failures).toEqual([4, 11].map(ms));
    expect(neighbour(moments, ms(4), 1)).toBe(ms(5));
    expect(neighbour(moments, ms(4), -1)).toBe(ms(2));
    expect(neighbour(moments, ms(11), 1)).toBeUndefined();
  });

  test("of two bars that meet in a moment the later one is at it", () => {
    expect(barAt(lanes[0]!, ms(8), ms(20))?.step.step_id).toBe("sms");
    expect(barAt(lanes[0]!, ms(4.5), ms(20))).toBeUndefined();
  });

  test("a step that did not change keeps its bars", () => {
    expect(lanesOf({ ...STATE }).lanes[0]?.bars[0]).toBe(lanes[0]?.bars[0]);
  });
});

const pause = (from: number, to: number, changes: Partial<PauseSpan> = {}): PauseSpan => ({
  device_id: DEVICE,
  reason: "requested",
  step_id: "sms",
  started_at: at(from),
  ended_at: at(to),
  ...changes,
});

describe("pauses", () => {
  const waits = { device_id: "R58M", status: "paused", reason: "failure", step_id: "data", timestamp: at(6) } as const;
  const state = { ...STATE, pauses: [pause(8, 11)], paused: [waits, { ...waits, device_id: DEVICE, status: "pausing" as const }] };

  test("are in the lane of their device, with the step, and open while they last", () => {
    const [first, second] = lanesOf(state).lanes;
    expect(first!.rests.map(({ from, to, step }) => [from, to, step?.step_id])).toEqual([[ms(8), ms(11), "sms"]]);
    expect(second!.rests.map(({ from, to }) => [from, to])).toEqual([[ms(6), undefined]]);
    expect(restAt(second!, ms(99), ms(99))).toBe(second!.rests[0]);
    expect(restAt(first!, ms(12), ms(99))).toBeUndefined();
    expect([...first!.rests, ...second!.rests].map(restWords)).toEqual(["before sms_module", "on the failure of data_module"]);
    expect(restWords({ ...first!.rests[0]!, step: undefined })).toBe("before the end");
  });

  test("are moments that the keys go to", () => {
    expect(lanesOf({ ...state, steps: [] }).moments).toEqual([6, 8, 11].map(ms));
  });

  test.each<[string, number, Partial<ExecutionSnapshot>]>([
    ["none", 0, { pauses: [] }],
    ["one in which nothing ran", 4, { pauses: [pause(12, 16)] }],
    ["several at a time, counted once", 6, { pauses: [pause(12, 16), pause(14, 18, { device_id: "R58M" })] }],
    ["one that another device worked through", 1, { pauses: [pause(10, 12)] }],
    ["one that goes on, until now", 8, { paused: [{ ...waits, timestamp: at(12) }] }],
    ["one that began before the execution did", 1, { pauses: [pause(-5, 2)] }],
    ["one of an execution that has not begun", 0, { started_at: null, paused: [waits] }],
  ])("stand for so long: %s", (_, seconds, changes) => {
    expect(pausedMs({ ...STATE, ...changes }, ms(20)) / 1000).toBe(seconds);
  });
});

describe("the timeline", () => {
  let source: FakeSource;
  let store: Store;
  let stop: AbortController;
  let root: HTMLElement;
  const one = (selector: string) => root.querySelector<HTMLElement>(selector)!;
  const press = async (...keys: string[]) => {
    for (const key of keys) {
      const [name = key, shiftKey] = key.startsWith("Shift+") ? [key.slice(6), true] : [key, false];
      one(".xm-track").dispatchEvent(new KeyboardEvent("keydown", { key: name, shiftKey, bubbles: true }));
    }
    await settle();
  };

  beforeEach(async () => {
    new FakeBrowser();
    source = new FakeSource();
    store = new Store(source);
    stop = new AbortController();
    root = new ExecutionView(store, stop.signal).element;
    document.body.append(root);
    source.begin(STATE);
    await settle();
  });

  afterEach(() => {
    stop.abort();
    document.body.replaceChildren();
    vi.unstubAllGlobals();
  });

  test("is a slider that says what happened", async () => {
    expect(one(".xm-track").getAttribute("aria-valuetext")).toBe("the end");
    await press("ArrowLeft");
    expect(store.cursor.at).toBe(ms(11));
    const told = one(".xm-track").getAttribute("aria-valuetext")!;
    expect(told).toContain("0:11.0 after the start");
    expect(told).toContain(`sms_module failed after 3.0 s on ${DEVICE}`);
    expect(one(".xm-moment").textContent).toBe(told);
    expect(one(".xm-track").getAttribute("aria-valuenow")).toBe("11.0");
  });

  test("says what was paused, for how long, and beside the pointer", async () => {
    source.begin({ ...STATE, pauses: [pause(12, 16)] });
    await settle();
    await press("ArrowLeft");
    expect(store.cursor.at).toBe(ms(16));
    expect(one(".xm-track").getAttribute("aria-valuetext")).toContain(`paused before sms_module on ${DEVICE}`);
    expect([one(".xm-elapsed").textContent, one(".xm-rested").textContent]).toEqual(["16.0 s", "+ 4.0 s paused"]);
    const rest = lanesOf(store.state!).lanes[0]!.rests[0];
    const tip = new Tip(source);
    tip.show({ bar: undefined, rest, error: undefined, now: ms(20), ended: true }, root, new MouseEvent("pointermove"));
    expect(tip.element.textContent).toContain("Paused before sms_module4.0 s · began");
  });

  test("goes from event to event, with Shift from failure to failure, and back", async () => {
    await press("Home", "ArrowRight", "ArrowRight");
    expect(store.cursor.at).toBe(ms(2));
    await press("Shift+ArrowRight");
    expect(store.cursor.at).toBe(ms(4));
    await press("Shift+ArrowRight", "Shift+ArrowRight");
    expect(store.cursor.at, "there is no later failure").toBe(ms(11));
    await press("ArrowRight");
    expect(store.cursor.live, "beyond the last is the present").toBe(true);
    await press("Home", "Escape");
    expect(store.cursor.live).toBe(true);
  });

  test("keeps plain keys to itself, with which JupyterLab changes cells, and leaves the page its commands", () => {
    const heard = vi.fn();
    document.body.addEventListener("keydown", heard);
    for (const key of [{ key: "ArrowLeft" }, { key: "Escape" }, { key: "a" }, { key: "s", ctrlKey: true }]) {
      one(".xm-track").dispatchEvent(new KeyboardEvent("keydown", { ...key, bubbles: true, cancelable: true }));
    }
    expect(heard.mock.calls.map(([event]) => event.key)).toEqual(["s"]);
    document.body.removeEventListener("keydown", heard);
  });

  test("one click leads back", async () => {
    store.cursor.set(ms(3));
    await settle();
    expect(one(".xm-live").textContent).toBe("Back to the end");
    one(".xm-live").click();
    await settle();
    expect(store.cursor.live).toBe(true);
    expect(one(".xm-live").textContent).toBe("At the end");
  });

  test("names its lanes where there are several", async () => {
    expect([...root.querySelectorAll(".xm-lane-names span")].map((name) => name.textContent)).toEqual([DEVICE, "R58M"]);
    source.begin(snapshot());
    await settle();
    expect(one(".xm-lane-names").hidden).toBe(true);
  });
});
