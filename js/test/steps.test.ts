import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Attempt, Step, StepStatus } from "../src/messages";
import { RowHeights } from "../src/rows";
import { arranged, EVERYTHING, standingAt, stepOf, type StepQuery } from "../src/steplist";
import { Store } from "../src/store";
import { ExecutionView } from "../src/views/view";
import { at, DEVICE, FakeBrowser, FakeSource, NOW, settle, snapshot } from "./fakes";

const ms = (seconds: number) => NOW + seconds * 1000;
const attempt = (number: number, from: number, to: number, status: Attempt["status"] = "completed"): Attempt => ({
  attempt: number,
  status,
  started_at: at(from),
  ended_at: at(to),
  duration_seconds: to - from,
});
const step = (step_id: string, status: StepStatus, attempts: Attempt[], changes: Partial<Step> = {}): Step => ({
  step_id,
  device_id: DEVICE,
  module_id: `${step_id}_module`,
  status,
  attempts,
  ...changes,
});
const STEPS = [
  step("call", "completed", [attempt(1, 0, 1, "failed"), attempt(2, 2, 4)], { params: "number='5550123'" }),
  step("sms", "failed", [attempt(1, 5, 6, "failed")]),
  step("data", "completed", [attempt(1, 6, 11)], { device_id: "R58M" }),
  step("later", "pending", []),
];

describe("the steps that are shown", () => {
  const shown = (query: Partial<StepQuery>) =>
    arranged(STEPS, { ...EVERYTHING, ...query }).map(({ step }) => step.step_id);

  test.each<[string, Partial<StepQuery>, string[]]>([
    ["all in the plan's order", {}, ["call", "sms", "data", "later"]],
    ["or from its end", { reversed: true }, ["later", "data", "sms", "call"]],
    ["the longest first", { sort: "duration" }, ["data", "call", "sms", "later"]],
    ["the failed first", { sort: "status" }, ["sms", "later", "call", "data"]],
    ["those of a status", { status: "completed" }, ["call", "data"]],
    ["those that were tried again", { status: "retried" }, ["call"]],
    ["those of a device", { device: "R58M" }, ["data"]],
    ["those that hold all words, parameters too", { text: "CALL 555" }, ["call"]],
  ])("%s", (_, query, expected) => expect(shown(query)).toEqual(expected));

  test("keep their places in the plan", () => {
    expect(arranged(STEPS, { ...EVERYTHING, text: "data" })[0]?.index).toBe(2);
    expect(STEPS.map(({ step_id }) => step_id), "and the plan is as it was").toEqual(["call", "sms", "data", "later"]);
  });

  test("stand to a moment as ahead, now or over", () => {
    expect(STEPS.map((known) => standingAt(known, ms(5.5)))).toEqual(["over", "now", "ahead", "ahead"]);
    expect(standingAt(STEPS[0]!, ms(1.5)), "between two attempts").toBe("now");
    expect(standingAt(STEPS[0]!, null)).toBeUndefined();
  });

  test("a moment is of the step that began last by then", () => {
    const items = arranged(STEPS, EVERYTHING);
    expect([0.5, 3, 6, 20].map((seconds) => stepOf(items, ms(seconds))?.step.step_id)).toEqual([
      "call",
      "call",
      "data",
      "data",
    ]);
    expect(stepOf(items, ms(-1))).toBeUndefined();
  });
});

describe("the heights of rows", () => {
  const keys = Array.from({ length: 1000 }, (_, i) => `row${i}`);

  test("rows in sight, some more, and the rest as room", () => {
    const heights = new RowHeights(10, 2);
    expect(heights.range(keys, 5000, 100)).toEqual({ first: 498, end: 512, above: 4980, below: 4880 });
    expect(heights.range(keys, 0, 50)).toEqual({ first: 0, end: 7, above: 0, below: 9930 });
    expect(heights.range(keys, 9950, 50)).toMatchObject({ first: 993, end: 1000, below: 0 });
  });

  test("all together stay as high as they are, wherever one looks", () => {
    const heights = new RowHeights(10, 3);
    for (const [i, height] of [140, 30, 220].entries()) heights.measure(`row${i * 300 + 7}`, height);
    for (let top = 0; top < 10_000; top += 313) {
      const { first, end, above, below } = heights.range(keys, top, 120);
      const shown = heights.top(keys, end) - heights.top(keys, first);
      expect(above + shown + below).toBe(heights.top(keys, keys.length));
    }
  });

  test("a height is new once", () => {
    const heights = new RowHeights(10);
    expect([heights.measure("a", 10), heights.measure("a", 50), heights.measure("a", 50)]).toEqual([false, true, false]);
  });
});

describe("the table", () => {
  let source: FakeSource;
  let store: Store;
  let stop: AbortController;
  let root: HTMLElement;
  const one = <T extends HTMLElement>(selector: string) => root.querySelector<T>(selector)!;
  const all = (selector: string) => [...root.querySelectorAll<HTMLElement>(selector)];
  const names = () => all(".xm-module").map((name) => name.textContent);
  const key = (target: Element, name: string) =>
    target.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
  const devices = [DEVICE, "R58M"].map((device_id) => ({ device_id, status: "busy" as const, last_seen: at(0) }));

  beforeEach(async () => {
    new FakeBrowser();
    source = new FakeSource();
    store = new Store(source);
    stop = new AbortController();
    root = new ExecutionView(store, stop.signal).element;
    document.body.append(root);
    source.begin(snapshot({ started_at: at(0), devices, steps: STEPS }));
    await settle();
  });

  afterEach(() => {
    stop.abort();
    document.body.replaceChildren();
    vi.unstubAllGlobals();
  });

  test("a click on a step goes to its beginning, on a failed one to its failure", async () => {
    all(".xm-step-go")[2]!.click();
    expect(store.cursor.at).toBe(ms(6));
    all(".xm-step")[1]!.click();
    expect(store.cursor.at).toBe(ms(6));
    all(".xm-step-go")[0]!.click();
    expect(store.cursor.at).toBe(ms(2));
    const standings = () => all(".xm-step-group").map((row) => row.dataset["at"]);
    await vi.waitFor(() => expect(standings()).toEqual(["now", "ahead", "ahead", "ahead"]));
    store.cursor.set(null);
    all(".xm-step-go")[3]!.click();
    expect(store.cursor.live, "what has not begun has no moment").toBe(true);
  });

  test("sorts by its heads, and back", async () => {
    const [plan, duration, status] = all(".xm-sort");
    duration!.click();
    expect(names()).toEqual(["data_module", "call_module", "sms_module", "later_module"]);
    expect(all("[aria-sort]").map((head) => head.getAttribute("aria-sort"))).toEqual(["descending"]);
    duration!.click();
    expect(names()[0]).toBe("later_module");
    status!.click();
    expect(names()[0]).toBe("sms_module");
    plan!.click();
    expect(names()[0]).toBe("call_module");
  });

  test("filters by result, device and words, and says how many are left", async () => {
    const choose = (label: string, value: string) => {
      const control = one<HTMLSelectElement>(`.xm-steps [aria-label="${label}"]`);
      control.value = value;
      control.dispatchEvent(new Event(control.matches("input") ? "input" : "change"));
    };
    choose("Result", "completed");
    expect(names()).toEqual(["call_module", "data_module"]);
    choose("Device of the steps", "R58M");
    expect(names()).toEqual(["data_module"]);
    expect(one(".xm-steps-bar .xm-faint").textContent).toBe("1 of 4 steps");
    choose("Filter the steps", "nothing like it");
    expect(one(".xm-steps .xm-empty").textContent).toBe("No step fits the filter");
  });

  test("arrows go from row to row, open and close; Escape goes back", () => {
    const [first, second] = all(".xm-step-go");
    first!.focus();
    key(first!, "ArrowDown");
    expect(document.activeElement).toBe(second);
    key(second!, "ArrowRight");
    expect(all(".xm-step-toggle")[1]!.getAttribute("aria-expanded")).toBe("true");
    key(second!, "ArrowLeft");
    expect(all(".xm-step-toggle")[1]!.getAttribute("aria-expanded")).toBe("false");
    key(second!, "End");
    expect(document.activeElement).toBe(all(".xm-step-go")[3]);
    store.cursor.set(ms(1));
    key(second!, "Escape");
    expect(store.cursor.live).toBe(true);
  });

  test("an opened step has a bar, an error, its actions and its screens for each attempt", async () => {
    const failed: Attempt = {
      ...attempt(1, 5, 6, "failed"),
      error_code: "ADB_TIMEOUT",
      error_message: "over",
      traceback: "Traceback",
      screenshot_url: "/s/1.png",
      actions: [{ path: ["dial"], status: "failed", duration_seconds: 0.25, timestamp: at(5.75) }],
    };
    source.seek = (device_id, moment) =>
      Promise.resolve({ device_id, number: 1, width: 2, height: 3, from: moment, until: moment + 1, jpeg: new Uint8Array(1) });
    source.begin(snapshot({ steps: [step("sms", "failed", [failed])] }));
    await settle();
    one(".xm-step-toggle").click();
    await settle();
    expect(all(".xm-figure figcaption").map((words) => words.textContent)).toEqual(["before", "after"]);
    expect(one<HTMLDetailsElement>(".xm-traceback-fold").open, "the last failure lies open").toBe(true);
    expect([one(".xm-action-fill").style.left, one(".xm-action-fill").style.width]).toEqual(["50%", "25%"]);
    one(".xm-actions .xm-travel").click();
    expect(store.cursor.at).toBe(ms(5.75));
    one(".xm-attempt-head .xm-travel").click();
    expect(store.cursor.at).toBe(ms(6));
    one(".xm-figure .xm-thumb").click();
    expect(store.cursor.at).toBe(ms(5));
    expect(one<HTMLDialogElement>("dialog").open).toBe(true);
  });

  test("a thousand steps make a few rows, which stay open where they were opened", async () => {
    Object.defineProperty(one(".xm-steps-scroll"), "clientHeight", { value: 300, configurable: true });
    const many = Array.from({ length: 1000 }, (_, i) => step(`s${i}`, "completed", [attempt(1, i, i + 1)]));
    source.begin(snapshot({ steps: many }));
    await settle();
    expect(all(".xm-step-group").length).toBeLessThan(50);
    one(".xm-step-toggle").click();
    const scroll = (top: number) => {
      one(".xm-steps-scroll").scrollTop = top;
      one(".xm-steps-scroll").dispatchEvent(new Event("scroll"));
    };
    scroll(20_000);
    expect(names()).toContain("s545_module");
    expect(names()).not.toContain("s0_module");
    scroll(0);
    expect(one(".xm-step-toggle").getAttribute("aria-expanded")).toBe("true");
    expect(one(".xm-steps-scroll").getAttribute("aria-rowcount")).toBe("1001");
  });

  test("rows that go out of sight show what comes, but the one that has the keyboard goes with its step", async () => {
    Object.defineProperty(one(".xm-steps-scroll"), "clientHeight", { value: 300, configurable: true });
    const many = Array.from({ length: 1000 }, (_, i) => step(`s${i}`, "completed", [attempt(1, i, i + 1)]));
    source.begin(snapshot({ steps: many }));
    await settle();
    const before = all(".xm-step-group");
    const focused = before[1]!;
    focused.querySelector<HTMLElement>(".xm-step-go")!.focus();
    const scroll = (top: number) => {
      one(".xm-steps-scroll").scrollTop = top;
      one(".xm-steps-scroll").dispatchEvent(new Event("scroll"));
    };
    for (const top of [5 * 37, 20_000]) {
      scroll(top);
      const places = all(".xm-step").map((row) => Number(row.getAttribute("aria-rowindex")) - 2);
      expect(places, "one after the other").toEqual(places.map((_, i) => places[0]! + i));
      expect(names()).toEqual(places.map((place) => `s${place}_module`));
      expect(places).toContain(Math.floor(top / 37));
    }
    expect(all(".xm-step-group").filter((row) => before.includes(row)).length).toBeGreaterThan(8);
    expect(focused.isConnected).toBe(false);
  });

  test("a cursor that is dragged changes no row before it rests, and nothing of the progress", async () => {
    // Of one that has ended the elapsed time stands still.
    source.begin(snapshot({ started_at: at(0), status: "completed", duration_seconds: 20, devices, steps: STEPS }));
    await settle();
    const changes: MutationRecord[] = [];
    const observer = new MutationObserver((records) => changes.push(...records));
    for (const part of [".xm-rows", ".xm-head"]) {
      observer.observe(one(part), { subtree: true, childList: true, attributes: true, characterData: true });
    }
    vi.useFakeTimers();
    for (let moment = 1; moment < 4; moment++) {
      store.cursor.set(ms(moment));
      await vi.advanceTimersByTimeAsync(20);
      if (moment === 1) changes.length = 0; // it has left the present
    }
    expect(changes).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    vi.useRealTimers();
    observer.disconnect();
    expect(all(".xm-step-group").map((row) => row.dataset["at"])).toEqual(["now", "ahead", "ahead", "ahead"]);
  });
});
