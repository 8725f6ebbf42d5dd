import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { CommSource } from "../src/comm";
import type { Pause, Step } from "../src/messages";
import { type Order, Steering } from "../src/steering";
import { Store } from "../src/store";
import { ExecutionView } from "../src/views/view";
import { at, DEVICE, EXECUTION, FakeBrowser, FakeModel, FakeSource, frame, NOW, snapshot } from "./fakes";

let source: FakeSource & { steering?: Steering | undefined };
let given: { id: number; order: Order }[];
let kernelPauses: boolean | undefined;
let stop: AbortController;
let root: HTMLElement;
let store: Store;

const one = <T extends HTMLElement>(selector: string): T => {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`no ${selector}`);
  return found;
};
const button = () => one<HTMLButtonElement>(".xm-pause");
const toggle = () => one<HTMLButtonElement>(".xm-switch");
const words = () => one(".xm-steering-words").textContent;
const pauses = () => [...root.querySelectorAll<HTMLElement>(".xm-pause-row")];
const retry = (row: number) => root.querySelectorAll<HTMLButtonElement>(".xm-retry")[row]!;
const orders = () => given.map(({ order }) => order);

const FAILED: Step = {
  step_id: "s1",
  device_id: DEVICE,
  module_id: "call_test_module",
  status: "failed",
  attempts: [{ attempt: 1, status: "failed", error_code: "ASSERTION_FAILED", error_message: "no" }],
};
const PENDING: Step = { step_id: "s2", device_id: DEVICE, module_id: "sms_test_module", status: "pending", attempts: [] };

const paused = (changes: Partial<Pause> = {}): Pause => ({
  device_id: DEVICE,
  status: "paused",
  reason: "requested",
  step_id: "s2",
  timestamp: at(0),
  ...changes,
});

beforeEach(async () => {
  vi.useFakeTimers({ now: NOW, toFake: ["Date", "setTimeout", "clearTimeout", "requestAnimationFrame"] });
  new FakeBrowser();
  source = new FakeSource();
  given = [];
  kernelPauses = false;
  source.steering = new Steering(
    (id, order) => given.push({ id, order }),
    () => source.listener.controlled(),
    () => kernelPauses,
  );
  stop = new AbortController();
  store = new Store(source);
  root = new ExecutionView(store, stop.signal).element;
  document.body.append(root);
});
afterEach(() => {
  stop.abort();
  root.remove();
  vi.useRealTimers();
});

async function show(changes: Parameters<typeof snapshot>[0] = {}): Promise<void> {
  source.begin(snapshot({ steps: [FAILED, PENDING], ...changes }));
  await vi.advanceTimersByTimeAsync(50);
}

describe("Pause and Resume", () => {
  test("Pause asks the kernel, and says so until the state tells", async () => {
    await show();
    button().click();
    await vi.advanceTimersByTimeAsync(50);
    expect(orders()).toEqual([{ do: "pause" }]);
    expect([button().textContent, button().disabled]).toEqual(["Pausing…", true]);

    source.steering!.answer(1, null);
    source.send({
      type: "execution_paused",
      execution_id: EXECUTION,
      device_id: DEVICE,
      status: "pausing",
      reason: "requested",
      timestamp: at(1),
    });
    await vi.advanceTimersByTimeAsync(500);
    expect([button().textContent, button().disabled]).toEqual(["Resume", false]);
    expect(words()).toBe("Pauses when the running step has ended");
    expect(pauses()).toEqual([]);
  });

  test("an answer that comes before its message brings no flicker back to Pause", async () => {
    await show();
    button().click();
    source.steering!.answer(1, null);
    await vi.advanceTimersByTimeAsync(100);
    expect(button().textContent).toBe("Pausing…");
    await vi.advanceTimersByTimeAsync(500);
    expect(button().textContent).toBe("Pause");
  });

  test("a requested pause says what comes next, and Go on resumes this device", async () => {
    await show({ paused: [paused()] });
    const [row] = pauses();
    expect(row?.textContent).toContain("Paused before step 2: sms_test_module");
    expect(row?.querySelector<HTMLElement>(".xm-primary")?.hidden).toBe(true);
    row?.querySelector<HTMLButtonElement>(".xm-pause-buttons .xm-button:last-child")?.click();
    expect(orders()).toEqual([{ do: "resume", device_id: DEVICE }]);
    await vi.advanceTimersByTimeAsync(50);
    expect(button().textContent).toBe("Resuming…");
    expect(one(".xm-pill").textContent).toBe("Paused");
  });

  test("One step runs one, where there is one", async () => {
    await show({ paused: [paused()] });
    const step = pauses()[0]!.querySelector<HTMLButtonElement>(".xm-pause-buttons .xm-button:nth-child(2)")!;
    expect([step.textContent, step.hidden]).toEqual(["One step", false]);
    step.click();
    expect(orders()).toEqual([{ do: "step", device_id: DEVICE }]);
    await show({ paused: [paused({ step_id: null })] });
    expect(step.hidden).toBe(true);
  });

  test("a pause after the last step says so", async () => {
    await show({ paused: [paused({ step_id: null })] });
    expect(pauses()[0]?.textContent).toContain("Paused before the end");
  });

  test("several devices are told by name, each with its own way on", async () => {
    const devices = [DEVICE, "phone-2"].map((device_id) => ({ device_id, status: "busy" as const, last_seen: at(0) }));
    await show({ devices, paused: [paused(), paused({ device_id: "phone-2", reason: "failure", step_id: "s1" })] });
    expect(pauses().map((row) => row.querySelector("b")?.textContent)).toEqual([
      `Paused before step 2: sms_test_module on ${DEVICE}`,
      "Paused on the failure of step 1: call_test_module on phone-2",
    ]);
    const groups = pauses().map((row) => row.querySelector('[role="group"]')!.getAttribute("aria-label"));
    expect(groups, "what the like-named buttons are about").toEqual(pauses().map((row) => row.querySelector("b")!.textContent));
  });
});

test("a run that ends leaves no pause behind, though nothing was shown in between", async () => {
  await show({ paused: [paused()] });
  expect(pauses()).toHaveLength(1);
  await show({ status: "completed", paused: [] });
  expect(pauses()).toHaveLength(0);
});

describe("a failure that pauses", () => {
  beforeEach(() => show({ paused: [paused({ reason: "failure", step_id: "s1" })] }));

  test("hands the device over, and can be retried from where it is told", async () => {
    const [row] = pauses();
    expect(row?.textContent).toContain("Paused on the failure of step 1: call_test_module");
    expect(row?.textContent, "there is no other").not.toContain(DEVICE);
    expect(row?.textContent).toContain("The device is yours: run.device in a cell.");
    const again = row!.querySelector<HTMLButtonElement>(".xm-primary")!;
    again.click();
    await vi.advanceTimersByTimeAsync(50);
    expect(orders()).toEqual([{ do: "retry", step_id: "s1" }]);
    expect([again.textContent, again.disabled]).toEqual(["Retrying…", true]);
    expect([retry(0).textContent, retry(0).disabled]).toEqual(["Queued", true]);
  });

  test("of a device that is away there is nothing to run", async () => {
    await show({
      devices: [{ device_id: DEVICE, status: "offline", last_seen: at(0) }],
      paused: [paused({ reason: "failure", step_id: "s1" })],
    });
    expect(pauses()[0]?.textContent).toContain("The device is offline.");
    expect(pauses()[0]!.querySelector<HTMLButtonElement>(".xm-primary")!.disabled).toBe(true);
  });
});

describe("the step of a failure that pauses", () => {
  const traced: Step = { ...FAILED, attempts: [{ ...FAILED.attempts[0]!, traceback: "Traceback: no" }] };
  const toggle = () => one<HTMLButtonElement>(".xm-step-toggle");
  const isOpen = () => toggle().getAttribute("aria-expanded") === "true";
  const pauses = (second: number) => ({ paused: [paused({ reason: "failure", step_id: "s1", timestamp: at(second) })] });

  test("opens by itself to its traceback, and stays shut once the reader has shut it", async () => {
    await show({ steps: [traced, PENDING], ...pauses(0) });
    expect(isOpen()).toBe(true);
    expect(one<HTMLDetailsElement>(".xm-traceback-fold").open).toBe(true);
    expect(one(".xm-traceback").textContent).toBe("Traceback: no");
    toggle().click();
    await show({ steps: [{ ...traced }, PENDING], ...pauses(0) });
    expect(isOpen()).toBe(false);
    await show({ steps: [{ ...traced }, PENDING], ...pauses(9) });
    expect(isOpen(), "it has failed once more").toBe(true);
  });

  test("stays shut where a pause was asked for", async () => {
    await show({ steps: [traced, PENDING], paused: [paused({ step_id: "s1" })] });
    expect(isOpen()).toBe(false);
  });
});

describe("Retry on a row", () => {
  test("is there for what has ended, and not for what has not", async () => {
    await show();
    expect([retry(0).hidden, retry(1).hidden]).toEqual([false, true]);
    expect(retry(0).getAttribute("aria-label")).toBe("Retry: step 1, call_test_module");
  });

  test("is queued until the new attempt begins", async () => {
    await show();
    retry(0).click();
    source.steering!.answer(1, null);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(retry(0).textContent).toBe("Queued");
    const { step_id, device_id, module_id } = FAILED;
    const begun = { execution_id: EXECUTION, step_id, device_id, module_id, attempt: 2, timestamp: at(2) };
    source.send({ type: "step_started", ...begun });
    await vi.advanceTimersByTimeAsync(50);
    expect(retry(0).hidden).toBe(true);
    source.send({ type: "step_completed", ...begun, status: "completed", duration_seconds: 1, screenshot_url: null });
    await vi.advanceTimersByTimeAsync(50);
    expect([retry(0).hidden, retry(0).textContent]).toEqual([false, "Retry"]);
  });

  test("what the kernel refuses is said, for a while", async () => {
    await show();
    retry(0).click();
    source.steering!.answer(1, "the new definition does not fit the step");
    await vi.advanceTimersByTimeAsync(50);
    expect(words()).toBe("the new definition does not fit the step");
    expect(retry(0).disabled).toBe(false);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(words()).toBe("");
  });

  test("is away while the past is shown", async () => {
    await show();
    store.cursor.set(NOW);
    await vi.advanceTimersByTimeAsync(50);
    expect(retry(0).hidden).toBe(true);
  });
});

describe("after the end", () => {
  beforeEach(() => show({ status: "completed", duration_seconds: 5 }));

  test("a step can run again, and nothing else can be done", () => {
    expect([retry(0).hidden, retry(0).title]).toEqual([
      false,
      "Run this step again, in an execution of its own, with its module as it is defined now",
    ]);
    expect([one(".xm-steering").hidden, button().hidden]).toEqual([true, true]);
  });

  test("what runs it is told", async () => {
    retry(0).click();
    await vi.advanceTimersByTimeAsync(100);
    expect([retry(0).textContent, retry(0).disabled]).toEqual(["Queued", true]);
    source.steering!.answer(1, null, true);
    await vi.advanceTimersByTimeAsync(500);
    expect([retry(0).textContent, retry(0).disabled]).toEqual(["Retry", false]);
    expect(one(".xm-steering").hidden).toBe(false);
    expect(words()).toBe("The step runs again, in an execution of its own: this one has ended");
    expect([toggle().hidden, button().hidden]).toEqual([true, true]);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(one(".xm-steering").hidden).toBe(true);
  });

  test("why it cannot is told too", async () => {
    retry(0).click();
    source.steering!.answer(1, "emulator-5554 is busy");
    await vi.advanceTimersByTimeAsync(50);
    expect([words(), retry(0).disabled]).toEqual(["emulator-5554 is busy", false]);
  });

  test("a kernel that has said good-bye runs nothing", async () => {
    source.listener.sign(true);
    source.listener.frame(frame(1));
    await vi.advanceTimersByTimeAsync(50);
    expect(retry(0).hidden).toBe(true);
  });
});

describe("Pause on failure", () => {
  test("shows what was asked at once, and what the kernel says after it", async () => {
    await show();
    expect(toggle().getAttribute("aria-checked")).toBe("false");
    toggle().click();
    await vi.advanceTimersByTimeAsync(50);
    expect(orders()).toEqual([{ do: "pause_on_failure", on: true }]);
    expect(toggle().getAttribute("aria-checked")).toBe("true");
    kernelPauses = true;
    source.steering!.answer(1, null);
    await vi.advanceTimersByTimeAsync(500);
    expect(toggle().getAttribute("aria-checked")).toBe("true");
    toggle().click();
    expect(orders().at(-1)).toEqual({ do: "pause_on_failure", on: false });
  });
});

test("what cannot be switched has no switch", async () => {
  kernelPauses = undefined;
  await show();
  expect([toggle().hidden, button().hidden]).toEqual([true, false]);
});

describe("a kernel that does not answer", () => {
  test("is told to be busy, until it answers", async () => {
    await show();
    button().click();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(words()).toBe("");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(words()).toBe("The kernel is busy: it hears this when the cell ends");
    source.steering!.answer(1, null);
    await vi.advanceTimersByTimeAsync(50);
    expect(words()).toBe("");
  });
});

test("without a way to steer there are no such buttons", async () => {
  source.steering = undefined;
  await show();
  expect([one(".xm-steering").hidden, button().hidden, retry(0).hidden]).toEqual([true, true, true]);
});

describe("over the comm", () => {
  test("orders go by message, answers come back, and the switch is a trait", () => {
    vi.useRealTimers();
    const model = new FakeModel();
    model.traits = { may_steer: true, pause_on_failure: true };
    const comm = new CommSource(model.model);
    const changed = vi.fn();
    comm.open({ controlled: changed } as never);
    expect(comm.steering?.pausesOnFailure).toBe(true);
    comm.steering?.give({ do: "pause" });
    expect(model.sent.at(-1)).toEqual({ kind: "steer", id: 1, order: { do: "pause" }, page: model.page });
    model.say({ kind: "steered", page: "another", id: 1, refused: "not for us" });
    expect(comm.steering?.told).toBe("");
    model.say({ kind: "steered", page: model.page, id: 1, refused: "it has ended" });
    expect(comm.steering?.told).toBe("it has ended");
    changed.mockClear();
    model.change("pause_on_failure", false);
    expect(changed).toHaveBeenCalledOnce();
    expect(comm.steering?.pausesOnFailure).toBe(false);
    comm.close();
    model.change("pause_on_failure", true);
    expect(changed).toHaveBeenCalledOnce();
  });

  test("a widget that may not steer has no such way", () => {
    expect(new CommSource(new FakeModel().model).steering).toBeUndefined();
  });
});
