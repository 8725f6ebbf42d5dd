import { expect, test } from "vitest";

import { aboutLeft, remainingSeconds } from "../src/estimate";
import type { Step, StepStatus } from "../src/messages";
import { at, DEVICE, NOW, snapshot } from "./fakes";

const step = (module_id: string, status: StepStatus, from?: number, to?: number, changes: Partial<Step> = {}): Step => ({
  step_id: `${module_id} ${from} ${Math.random()}`,
  device_id: DEVICE,
  module_id,
  status,
  attempts:
    from === undefined
      ? []
      : [{ attempt: 1, status: status === "running" ? "running" : "completed", started_at: at(from), ...(to !== undefined && { ended_at: at(to) }) }],
  ...changes,
});
const left = (steps: Step[], seconds = 20, devices = [DEVICE]) =>
  remainingSeconds(
    snapshot({ steps, devices: devices.map((device_id) => ({ device_id, status: "busy", last_seen: at(0) })) }),
    NOW + seconds * 1000,
  );
const done = [step("call", "completed", 0, 4), step("sms", "completed", 4, 14), step("call", "failed", 14, 20)];

test("a step takes what the others of its module took", () => {
  expect(left([...done, step("call", "pending"), step("sms", "pending")])).toBe(5 + 10);
});

test("a module that has not run yet takes what steps took on the whole", () => {
  expect(left([...done, step("data", "pending")])).toBeCloseTo(20 / 3);
});

test("the running step is through with a part, and never with more than all", () => {
  expect(left([...done, step("sms", "running", 20)], 23)).toBe(7);
  expect(left([...done, step("sms", "running", 20)], 40)).toBe(0);
  expect(left([...done, step("sms", "running", 20)], 90), "it is long overdue").toBeUndefined();
});

test("a pause between two attempts counts for nothing", () => {
  const twice = step("data", "completed", 20, 24);
  twice.attempts = [...twice.attempts, { attempt: 2, status: "completed", started_at: at(100), ended_at: at(102) }];
  expect(left([...done, twice, step("data", "pending")], 102)).toBe(6);
  const again = { ...twice, status: "running" as const, expected_seconds: 10 };
  again.attempts = [twice.attempts[0]!, { attempt: 2, status: "running", started_at: at(100) }];
  expect(left([again], 102)).toBe(10 - 4 - 2);
});

test("a known pause between two steps is no sign of how long the next take to begin", () => {
  const steps = [step("call", "completed", 0, 4), step("sms", "completed", 64, 74), step("call", "pending")];
  const state = snapshot({ steps });
  const rested = { device_id: DEVICE, reason: "requested" as const, step_id: null, started_at: at(5), ended_at: at(63) };
  expect(remainingSeconds(state, NOW + 74_000)).toBe(60 + 4);
  expect(remainingSeconds({ ...state, pauses: [rested] }, NOW + 74_000), "what is left of the gap").toBe(2 + 4);
  const elsewhere = { ...rested, device_id: "another" };
  expect(remainingSeconds({ ...state, pauses: [elsewhere] }, NOW + 74_000)).toBe(60 + 4);
});

test("what earlier runs say counts first", () => {
  expect(left([step("call", "pending", undefined, undefined, { expected_seconds: 30 })])).toBe(30);
});

test("between two steps passes what mostly did, whoever was waited for once", () => {
  const spaced = [step("call", "completed", 0, 4), step("call", "completed", 5, 9), step("call", "completed", 99, 103)];
  const more = [step("call", "completed", 104, 108), step("call", "running", 109)];
  expect(left([...spaced, ...more, step("call", "pending")], 111)).toBe(2 + 1 + 4);
});

test("nothing is told before anything is known, nor once it is over", () => {
  expect(left([step("call", "completed", 0, 4), step("sms", "pending")])).toBeUndefined();
  expect(remainingSeconds(snapshot({ status: "completed", duration_seconds: 3 }), NOW)).toBeUndefined();
});

test("devices run side by side, and share what nobody has taken", () => {
  const second = { device_id: "R58M" };
  const steps = [...done, step("sms", "pending"), step("call", "pending", undefined, undefined, second)];
  expect(left(steps, 20, [DEVICE, "R58M"])).toBe(10);
  const open = Array.from({ length: 4 }, () => step("sms", "pending", undefined, undefined, { device_id: "" }));
  expect(left([...done, ...open], 20, [DEVICE, "R58M"])).toBe(20);
});

test.each([
  [2, "a few seconds left"],
  [17, "about 20 s left"],
  [58, "about 1 min left"],
  [200, "about 3.5 min left"],
  [1490, "about 25 min left"],
  [9000, "about 2.5 h left"],
])("%i seconds are %s", (seconds, words) => expect(aboutLeft(seconds)).toBe(words));
