import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { StepStatus } from "../src/messages";
import { Store } from "../src/store";
import { ExecutionView } from "../src/views/view";
import { nested } from "../src/views/attempts";
import { at, DEVICE, EXECUTION, FakeBrowser, FakeSource, frame, settle, snapshot } from "./fakes";

let browser: FakeBrowser;
let source: FakeSource;
let store: Store;
let stop: AbortController;
let root: HTMLElement;

const show = () => {
  const view = new ExecutionView(store, stop.signal);
  document.body.append(view.element);
  return view.element;
};
const one = <T extends HTMLElement>(selector: string, from = root): T => {
  const found = from.querySelector<T>(selector);
  if (!found) throw new Error(`no ${selector}`);
  return found;
};
const all = (selector: string) => [...root.querySelectorAll<HTMLElement>(selector)];
const words = (selector: string) => all(selector).map((element) => element.textContent);

beforeEach(() => {
  browser = new FakeBrowser();
  source = new FakeSource();
  store = new Store(source);
  stop = new AbortController();
  root = show();
});

afterEach(() => {
  stop.abort();
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

const step = (status: StepStatus, changes = {}) => ({
  step_id: "s1",
  device_id: DEVICE,
  module_id: "call_test_module",
  status,
  attempts: [],
  ...changes,
});
const failure = {
  type: "step_failed" as const,
  execution_id: EXECUTION,
  device_id: DEVICE,
  step_id: "s1",
  module_id: "call_test_module",
  error_code: "ADB_TIMEOUT",
  error_message: "<b>30 s</b> are over",
  timestamp: at(0),
};

test("a view whose lab was closed shows its device as it was, and offers nothing to do with it", async () => {
  source.begin();
  await settle();
  expect(one(".xm-device-state").textContent).not.toBe("as it was");
  expect(one(".xm-controls").hidden).toBe(false);
  source.listener.sign(true);
  await settle();
  expect(one(".xm-device-state").textContent).toBe("as it was");
  expect(one(".xm-controls").hidden).toBe(true);
  expect(one(".xm-dot").hidden).toBe(true);
});

describe("the head", () => {
  test("says that it waits until the first snapshot comes", async () => {
    expect(one(".xm-waiting").hidden).toBe(false);
    source.begin();
    await settle();
    expect(one(".xm-waiting").hidden).toBe(true);
    expect(one(".xm-title").textContent).toBe("smoke");
  });

  test("shows progress, the current step and what came of the steps", async () => {
    source.begin(snapshot({ progress_percentage: 40 }));
    source.send({ ...failure, retry_attempt: 1, will_retry: false });
    await settle();
    expect(one("[role=progressbar]").getAttribute("aria-valuenow")).toBe("40");
    expect(one(".xm-percent").textContent).toBe("40 %");
    expect(one(".xm-current").textContent).toBe("call_test_module");
    const shown = all(".xm-count").filter((chip) => !chip.hidden);
    expect(shown.map((chip) => chip.textContent)).toEqual(["0passed", "1failed", "1to come"]);
  });

  test("says what runs where, when there are several devices", async () => {
    const devices = ["phone 1", "phone 2", "phone 3"].map((device_id) => ({ device_id, status: "busy" as const, last_seen: at(0) }));
    const running = (module_id: string, number: number) =>
      step("running", { step_id: `s${number}`, module_id, device_id: devices[number - 1]!.device_id });
    source.begin(snapshot({ devices, steps: [running("call", 1), running("sms", 2), running("call", 3)] }));
    await settle();
    expect(one(".xm-current").textContent).toBe("call on 2 devices, sms on phone 2");
  });

  test("a click on a count shows the steps of that result, and another all of them", async () => {
    source.begin(snapshot({ steps: [step("completed"), step("failed", { step_id: "s2" })] }));
    await settle();
    const failed = all(".xm-count").find((chip) => chip.textContent === "1failed") as HTMLButtonElement;
    failed.click();
    expect(all(".xm-step-group").map((row) => row.dataset["status"])).toEqual(["failed"]);
    expect(one<HTMLSelectElement>('[aria-label="Result"]').value).toBe("failed");
    failed.click();
    expect(all(".xm-step-group")).toHaveLength(2);
  });

  test("counts the time by the kernel's clock, and stands still at the end", async () => {
    source.begin(snapshot({ started_at: at(-75) }));
    await settle();
    expect(one(".xm-elapsed").textContent).toMatch(/^1:1[56]$/);
    source.begin(snapshot({ status: "completed", duration_seconds: 80.25 }));
    await settle();
    expect(one(".xm-elapsed").textContent).toBe("1:20");
  });

  test.each([
    ["completed", "completed", "Passed"],
    ["completed", "failed", "1 failed"],
    ["failed", "completed", "Stopped by an error"],
    ["cancelled", "pending", "Cancelled"],
  ] as const)("an execution %s with a step %s is called %s", async (status, outcome, label) => {
    source.begin(snapshot({ status, steps: [step(outcome)] }));
    await settle();
    expect(one(".xm-pill").textContent).toBe(label);
  });

  test("cancels only when asked twice", async () => {
    source.begin();
    await settle();
    const button = one<HTMLButtonElement>(".xm-cancel");
    button.click();
    expect(button.textContent).toBe("Sure? Cancel");
    expect(source.cancel).not.toHaveBeenCalled();
    button.dispatchEvent(new Event("blur"));
    expect(button.textContent).toBe("Cancel");
    button.click();
    button.click();
    expect(source.cancel).toHaveBeenCalledTimes(1);
    expect(button.disabled).toBe(true);
  });

  test("gives the button back, and the reason, when it was not cancelled", async () => {
    source.cancel = () => Promise.resolve("this server cannot cancel executions");
    source.begin();
    await settle();
    const button = one<HTMLButtonElement>(".xm-cancel");
    expect(one(".xm-refused").hidden).toBe(true);
    button.click();
    button.click();
    expect([button.textContent, button.disabled]).toEqual(["Cancelling…", true]);
    await settle();
    expect([button.textContent, button.disabled]).toEqual(["Cancel", false]);
    expect(one(".xm-refused").textContent).toBe("Not cancelled: this server cannot cancel executions");
    expect(one(".xm-refused").hidden).toBe(false);
    source.cancel = () => new Promise(() => undefined);
    button.click();
    button.click();
    expect([one(".xm-refused").hidden, button.textContent]).toEqual([true, "Cancelling…"]);
  });

  test("has no cancel where there is none, nor after the end", async () => {
    source.begin(snapshot({ status: "completed" }));
    await settle();
    expect(one(".xm-cancel").hidden).toBe(true);
  });

  test("lists the errors of the execution", async () => {
    source.begin();
    const error = { type: "error" as const, code: "DEVICE_DISCONNECTED", message: "gone", timestamp: at(1) };
    source.send({ ...error, execution_id: EXECUTION });
    await settle();
    expect(words(".xm-problems li")).toEqual(["DEVICE_DISCONNECTEDgone"]);
    one(".xm-problems button").click();
    expect(store.cursor.at, "a click leads to it").toBe(Date.parse(at(1)));
  });
});

describe("the steps", () => {
  test("has a row a step, in order, and says how each stands", async () => {
    source.begin();
    source.send({ ...failure, retry_attempt: 1, will_retry: false });
    await settle();
    expect(words(".xm-module")).toEqual(["call_test_module", "sms_test_module"]);
    expect(all(".xm-step-group").map((row) => row.dataset["status"])).toEqual(["failed", "pending"]);
    expect(one(".xm-code").textContent).toBe("ADB_TIMEOUT");
    expect(one(".xm-message").textContent, "text, never markup").toBe("<b>30 s</b> are over");
  });

  test("opens to its attempts, and keeps them up to date", async () => {
    source.begin();
    source.send({ ...failure, retry_attempt: 1, will_retry: true, traceback: "Traceback: <script>" });
    await settle();
    const toggle = one<HTMLButtonElement>(".xm-step-toggle");
    toggle.click();
    expect(toggle.getAttribute("aria-expanded")).toBe("true");
    expect(one(".xm-traceback").textContent).toBe("Traceback: <script>");
    source.send({ ...failure, retry_attempt: 2, will_retry: false });
    await settle();
    expect(words(".xm-attempt-head b")).toEqual(["Attempt 1", "Attempt 2"]);
    expect(one(".xm-badge").hidden).toBe(false);
  });

  test("leaves what is on the page where it is while an opened step goes on", async () => {
    const action = (name: string, second: number) => ({
      type: "action_completed" as const,
      execution_id: EXECUTION,
      device_id: DEVICE,
      step_id: "s1",
      attempt: 2,
      path: [name],
      status: "completed" as const,
      duration_seconds: 1,
      timestamp: at(second),
    });
    const begun = {
      type: "step_started" as const,
      execution_id: EXECUTION,
      device_id: DEVICE,
      step_id: "s1",
      module_id: "call_test_module",
      attempt: 2,
      timestamp: at(1),
    };
    source.begin();
    source.send({ ...failure, retry_attempt: 1, will_retry: true, traceback: "Traceback: 1" });
    source.send(begun, action("dial", 2));
    await settle();
    one(".xm-step-toggle").click();
    const [traceback, fold, dial] = [one(".xm-traceback"), one<HTMLDetailsElement>("details"), one(".xm-actions button")];
    expect(fold.open, "another attempt is what matters now").toBe(false);
    fold.open = true;
    traceback.focus();
    source.send(action("hang up", 4));
    source.send({ ...failure, retry_attempt: 2, will_retry: false, traceback: "Traceback: 2", timestamp: at(5) });
    await settle();
    expect(words(".xm-action-name")).toEqual(["dial", "hang up"]);
    expect(words(".xm-traceback")).toEqual(["Traceback: 1", "Traceback: 2"]);
    for (const [selector, before] of Object.entries({ ".xm-traceback": traceback, details: fold, ".xm-actions button": dial })) {
      expect(one(selector), selector).toBe(before);
    }
    expect(document.activeElement).toBe(traceback);
    expect(all("details").map((each) => (each as HTMLDetailsElement).open)).toEqual([true, true]);
  });

  test("a step that has not begun cannot be opened", async () => {
    source.begin();
    await settle();
    expect(one<HTMLButtonElement>(".xm-step-toggle").disabled).toBe(true);
  });

  test("rows that did not change are left alone", async () => {
    source.begin();
    await settle();
    const before = all(".xm-step-group");
    source.send({ ...failure, retry_attempt: 1, will_retry: false });
    await settle();
    expect(all(".xm-step-group")).toEqual(before);
  });

  test("what an ended execution left undone is told", async () => {
    const running = step("running", { attempts: [{ attempt: 1, status: "running", started_at: at(0) }] });
    source.begin(snapshot({ status: "failed", steps: [running, step("pending", { step_id: "s2" })] }));
    await settle();
    expect(words(".xm-step-go .xm-hidden")).toEqual(["interrupted", "not run"]);
  });

  test("a screenshot is a button that opens it large", async () => {
    const attempts = [{ attempt: 1, status: "completed" as const, screenshot_url: "/s/1.png" }];
    source.begin(snapshot({ steps: [step("completed", { attempts })] }));
    await settle();
    const image = one<HTMLImageElement>(".xm-thumb img");
    expect(image.src, "a row that passes by loads nothing").toBe("");
    await vi.waitFor(() => expect(image.src).toBe("http://server.test/s/1.png"));
    one(".xm-thumb").click();
    await settle();
    expect(one<HTMLDialogElement>("dialog").open).toBe(true);
    expect(one<HTMLImageElement>(".xm-shot").src).toBe("http://server.test/s/1.png");
  });

  test("a screenshot that the server does not give comes from elsewhere, and until then a mark says why", async () => {
    const attempts = [{ attempt: 1, status: "completed" as const, screenshot_url: "/s/1.png" }];
    source.second = "blob:1";
    source.begin(snapshot({ steps: [step("completed", { attempts })] }));
    await settle();
    const [picture, thumb] = [one<HTMLImageElement>(".xm-thumb img"), one(".xm-thumb")];
    await vi.waitFor(() => expect(picture.src).not.toBe(""));
    picture.dispatchEvent(new Event("error"));
    expect([picture.hidden, thumb.querySelector("svg") !== null]).toEqual([true, true]);
    expect(thumb.title).toContain("not kept any more, or nobody is there");
    await settle();
    expect([picture.src, picture.loading]).toEqual(["blob:1", "eager"]);
    picture.dispatchEvent(new Event("load"));
    expect([picture.hidden, thumb.querySelector("svg"), thumb.title]).toEqual([false, null, thumb.getAttribute("aria-label")]);
  });

  test("a screenshot that nobody gives is asked for twice, and no more", async () => {
    const attempts = [{ attempt: 1, status: "completed" as const, screenshot_url: "/s/1.png" }];
    const asked = vi.spyOn(source, "screenshot");
    source.begin(snapshot({ steps: [step("completed", { attempts })] }));
    await settle();
    await vi.waitFor(() => expect(asked).toHaveBeenCalled());
    for (let i = 0; i < 3; i++) one(".xm-thumb img").dispatchEvent(new Event("error"));
    await settle();
    expect(asked.mock.calls).toEqual([
      ["/s/1.png", false],
      ["/s/1.png", true],
    ]);
    one(".xm-thumb").click();
    one(".xm-shot").dispatchEvent(new Event("error"));
    await settle();
    expect(one(".xm-shot-caption").textContent).toContain("not to be had");
  });

  test("actions read from the outermost in", () => {
    const action = (...path: string[]) => ({ path, status: "completed" as const, duration_seconds: 1, timestamp: "" });
    const ended = [action("a", "b", "c"), action("a", "b"), action("a", "d"), action("a"), action("e")];
    expect(nested(ended).map(({ path }) => path.join("/"))).toEqual(["a", "a/b", "a/b/c", "a/d", "e"]);
  });
});

describe("the preview", () => {
  const medium = { device_id: DEVICE, quality: "medium" };
  const notice = () => (one(".xm-veil").hidden ? "" : one(".xm-notice").textContent);

  test("asks for the first device, and shows its picture", async () => {
    source.begin();
    await settle();
    expect(source.watched).toEqual([medium]);
    expect(notice()).toBe("Waiting for the picture…");
    source.listener.frame(frame(1));
    await settle();
    expect(browser.drawn).toEqual([1]);
    expect(source.drawn).toHaveBeenCalledWith(1, expect.objectContaining({ quality: "medium", clock: "estimated" }));
    expect(notice()).toBe("");
    expect(one(".xm-canvas").getAttribute("aria-label")).toBe(`Screen of ${DEVICE}`);
  });

  test("draws the newest, not each, when drawing is slow", async () => {
    source.begin();
    await settle();
    browser.instant = false;
    source.listener.frame(frame(1));
    await settle();
    for (const number of [2, 3, 4]) source.listener.frame(frame(number));
    browser.decode();
    await settle();
    browser.decode();
    await settle();
    expect(browser.drawn).toEqual([1, 4]);
  });

  test("watches only while it is on screen", async () => {
    source.begin();
    await settle();
    browser.onScreen(false);
    expect(source.watched).toEqual([]);
    browser.onScreen(true);
    expect(source.watched).toEqual([medium]);
  });

  test("of a run long over is its last picture, with nothing to steer and no word of the device now", async () => {
    source.kept = true;
    root = show();
    source.begin();
    await settle();
    expect(source.watched).toEqual([medium]);
    expect(one(".xm-controls").hidden).toBe(true);
    expect(one(".xm-dot").hidden).toBe(true);
    expect(one(".xm-device-state").textContent).toBe("as it was");
  });

  test("stops and starts by its buttons", async () => {
    source.begin();
    await settle();
    one(".xm-toggle").click();
    expect(source.watched).toEqual([]);
    expect(notice()).toBe("Preview stopped");
    one(".xm-again").click();
    expect(source.watched).toEqual([medium]);
  });

  test("changes its quality, and passes over frames of the old one", async () => {
    source.begin();
    await settle();
    const select = one<HTMLSelectElement>(".xm-controls select");
    select.value = "high";
    select.dispatchEvent(new Event("change"));
    expect(source.watched).toEqual([{ device_id: DEVICE, quality: "high" }]);
    source.listener.frame(frame(1));
    source.listener.frame(frame(2, { quality: "high" }));
    await settle();
    expect(browser.drawn).toEqual([2]);
  });

  test("lets the reader choose among several devices", async () => {
    const second = { device_id: "R58M", status: "busy" as const, last_seen: at(0) };
    source.begin(snapshot({ devices: [...snapshot().devices, second] }));
    await settle();
    const select = one<HTMLSelectElement>(".xm-device select");
    expect(select.hidden).toBe(false);
    select.value = "R58M";
    select.dispatchEvent(new Event("change"));
    expect(source.watched).toEqual([{ device_id: "R58M", quality: "medium" }]);
  });

  test("says why there is no picture, until there is one", async () => {
    source.begin();
    await settle();
    source.listener.problem({ device_id: DEVICE, message: "the screen is protected" });
    expect(notice()).toBe("the screen is protected");
    source.listener.frame(frame(1));
    await settle();
    expect(notice()).toBe("");
    source.send({ type: "device_status", device_id: DEVICE, status: "offline", last_seen: at(1) });
    await settle();
    expect(notice()).toBe("The device is offline");
  });
});

describe("two views of one execution", () => {
  test("ask for one stream, and a later one shows the last picture at once", async () => {
    source.begin();
    source.listener.frame(frame(5));
    await settle();
    const second = new AbortController();
    document.body.append(new ExecutionView(store, second.signal).element);
    await settle();
    expect(source.watched).toHaveLength(1);
    expect(browser.drawn.filter((number) => number === 5)).toHaveLength(2);
    second.abort();
    expect(source.watched).toHaveLength(1);
    stop.abort();
    expect(source.watched).toEqual([]);
  });
});

test("a saved notebook shows what it kept", async () => {
  const jpeg = new DataView(new Uint8Array([9]).buffer);
  const { jpeg: _, ...picture } = frame(0);
  store = new Store(new FakeSource(), {
    state: snapshot({ status: "completed", progress_percentage: 100 }),
    picture: { ...picture, jpeg },
  });
  root = show();
  await settle();
  expect(one(".xm-percent").textContent).toBe("100 %");
  expect(browser.drawn).toContain(9);
});
