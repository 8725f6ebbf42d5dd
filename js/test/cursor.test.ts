import { describe, expect, test, vi } from "vitest";

import { Cursor, executionSpan, momentOf, spanOf, stateAt } from "../src/cursor";
import type { Attempt, Step } from "../src/messages";
import { Store } from "../src/store";
import { at, DEVICE, FakeSource, NOW, settle, snapshot } from "./fakes";

const ms = (seconds: number) => NOW + seconds * 1000;
const failed: Attempt = {
  attempt: 1,
  status: "failed",
  started_at: at(0),
  ended_at: at(4),
  error_code: "ADB_TIMEOUT",
  actions: [
    { path: ["dial"], status: "completed", duration_seconds: 1, timestamp: at(1) },
    { path: ["talk"], status: "failed", duration_seconds: 3, timestamp: at(4) },
  ],
};
const passed: Attempt = { attempt: 2, status: "completed", started_at: at(5), ended_at: at(8), duration_seconds: 3 };
const retried: Step = {
  step_id: "s1",
  device_id: DEVICE,
  module_id: "call_test_module",
  status: "completed",
  attempts: [failed, passed],
};
const coming: Step = { ...retried, step_id: "s2", status: "pending", attempts: [] };
const state = snapshot({
  status: "completed",
  progress_percentage: 100,
  started_at: at(-1),
  duration_seconds: 10,
  steps: [retried, coming],
  errors: [{ code: "MODULE_TIMEOUT", message: "", timestamp: at(4) }],
});
const then = (seconds: number) => stateAt(state, ms(seconds));

describe("the state at a moment", () => {
  test.each([
    [-2, "pending", "pending"],
    [-0.5, "running", "pending"],
    [0, "running", "running"],
    [3.999, "running", "running"],
    [4.5, "running", "running"],
    [6, "running", "running"],
    [8, "running", "completed"],
    [9, "completed", "completed"],
  ])("at %f s the execution was %s and the step %s", (seconds, execution, step) => {
    expect(then(seconds).status).toBe(execution);
    expect(then(seconds).steps[0]?.status).toBe(step);
  });

  test("has no outcome of an attempt that still ran, and its actions so far", () => {
    expect(then(2).steps[0]?.attempts).toEqual([
      { attempt: 1, status: "running", started_at: at(0), actions: [failed.actions![0]] },
    ]);
    expect(then(5).steps[0]?.attempts).toEqual([failed, { attempt: 2, status: "running", started_at: at(5), actions: [] }]);
  });

  test("has the errors until then, and the progress of the steps that were over", () => {
    expect(then(3).errors).toEqual([]);
    expect(then(4).errors).toHaveLength(1);
    expect([then(3), then(8.5), then(9)].map((known) => known.progress_percentage)).toEqual([0, 50, 100]);
  });

  test("leaves what had not changed since as it is, and the present alone", () => {
    const before = JSON.stringify(state);
    expect(then(8.5).steps[0]).toBe(retried);
    expect(then(0).steps[1]).toBe(coming);
    expect(JSON.stringify(state)).toBe(before);
  });

  test("knows by its end and its duration when an attempt began of which only the end was told", () => {
    expect(spanOf({ attempt: 1, status: "completed", ended_at: at(4), duration_seconds: 3 })).toEqual({
      from: ms(1),
      to: ms(4),
    });
    expect(spanOf({ attempt: 1, status: "running" })).toBeUndefined();
  });

  test("an execution's end is told once it has ended", () => {
    expect(executionSpan(state)).toEqual({ from: ms(-1), to: ms(9) });
    expect(executionSpan(snapshot())?.to).toBeUndefined();
    expect(executionSpan(snapshot({ status: "pending", started_at: null }))).toBeUndefined();
  });
});

test("a failed attempt's moment is its failure, another's is its beginning", () => {
  expect(momentOf(failed)).toBe(ms(4));
  expect(momentOf(passed)).toBe(ms(5));
});

describe("the cursor", () => {
  test("tells of a change, and of nothing else", () => {
    const changed = vi.fn();
    const cursor = new Cursor(changed);
    expect(cursor.live).toBe(true);
    for (const moment of [5, 5, Number.NaN, null, null]) cursor.set(moment);
    expect(changed).toHaveBeenCalledTimes(2);
  });

  test("has the store's viewers updated once a repaint, and shows the past while the present goes on", async () => {
    const source = new FakeSource();
    const store = new Store(source);
    const viewer = { update: vi.fn(), frame: vi.fn(), problem: vi.fn() };
    store.add(viewer, new AbortController().signal);
    source.begin(state);
    await settle();
    viewer.update.mockClear();
    store.cursor.set(ms(1));
    store.cursor.set(ms(3));
    await settle();
    expect(viewer.update).toHaveBeenCalledTimes(1);
    expect(store.shown?.steps[0]?.status).toBe("running");
    expect(store.shown).toBe(store.shown);
    expect(store.state?.status).toBe("completed");
    store.cursor.set(null);
    expect(store.shown).toBe(store.state);
  });
});
