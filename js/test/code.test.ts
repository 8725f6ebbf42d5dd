import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { CommSource } from "../src/comm";
import type { CodeLine, Script } from "../src/source";
import { Store } from "../src/store";
import { ExecutionView } from "../src/views/view";
import { at, DEVICE, FakeBrowser, FakeModel, FakeSource, frame, settle, snapshot } from "./fakes";

let source: FakeSource & { script?: Script };
let lines: CodeLine[];
let forget: () => void;
let stop: AbortController;
let root: HTMLElement;
let copied: string[];

const one = <T extends HTMLElement>(selector: string): T => {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`no ${selector}`);
  return found;
};
const shown = () => [...root.querySelectorAll(".xm-code-lines code")].map((code) => code.textContent);
const pick = () => one<HTMLButtonElement>(".xm-pick");
const canvas = () => one<HTMLCanvasElement>(".xm-canvas");
const pointer = (type: string, x: number, y: number) =>
  canvas().dispatchEvent(new PointerEvent(type, { clientX: x, clientY: y, pointerId: 1, button: 0 }));
const click = (x: number, y: number) => (pointer("pointerdown", x, y), pointer("pointerup", x, y));

const PAUSED = snapshot({
  paused: [{ device_id: DEVICE, status: "paused", reason: "requested", step_id: "s1", timestamp: at(0) }],
});

beforeEach(async () => {
  const browser = new FakeBrowser();
  source = new FakeSource();
  lines = [];
  forget = vi.fn(() => undefined);
  source.script = {
    get lines() {
      return lines;
    },
    forget: () => forget(),
  };
  copied = [];
  vi.stubGlobal("navigator", {
    clipboard: { writeText: async (words: string) => void copied.push(words) },
  });
  stop = new AbortController();
  root = new ExecutionView(new Store(source), stop.signal).element;
  document.body.append(root);
  vi.spyOn(canvas(), "getBoundingClientRect").mockReturnValue({ left: 0, top: 0, width: 200, height: 300 } as DOMRect);
  source.begin(PAUSED);
  await settle();
  browser.onScreen(true);
  source.listener.frame(frame(1));
  await settle();
});
afterEach(() => {
  stop.abort();
  root.remove();
  vi.unstubAllGlobals();
});

async function add(...codes: string[]): Promise<void> {
  lines = [...lines, ...codes.map((code) => ({ device_id: DEVICE, code }))];
  source.listener.controlled();
  await settle();
}

test("there is no list before there are lines, and then all of this device's", async () => {
  expect(one(".xm-code-list").hidden).toBe(true);
  lines = [{ device_id: "another", code: "ctx.device.home()" }];
  await add("ctx.device.tap_on('Send')", "ctx.device.back()");
  expect(one(".xm-code-list").hidden).toBe(false);
  expect(shown()).toEqual(["ctx.device.tap_on('Send')", "ctx.device.back()"]);
});

test("a line is copied alone, and all together", async () => {
  await add("ctx.device.tap_on('Send')", "ctx.device.back()");
  root.querySelectorAll<HTMLButtonElement>(".xm-code-copy")[1]!.click();
  await settle();
  one<HTMLButtonElement>(".xm-code-head .xm-button").click();
  await settle();
  expect(copied).toEqual(["ctx.device.back()", "ctx.device.tap_on('Send')\nctx.device.back()"]);
  expect(one(".xm-code-head [role=status]").textContent).toBe("Copied");
});

test("without the clipboard the older way is taken, and what fails is said", async () => {
  vi.stubGlobal("navigator", {});
  const command = vi.fn(() => true);
  Object.assign(document, { execCommand: command });
  await add("ctx.device.back()");
  one<HTMLButtonElement>(".xm-code-copy").click();
  await settle();
  expect(command).toHaveBeenCalledWith("copy");
  expect(document.querySelector("textarea")).toBeNull();
  command.mockReturnValue(false);
  one<HTMLButtonElement>(".xm-code-copy").click();
  await settle();
  expect(one(".xm-code-head [role=status]").textContent).toBe("The browser does not allow copying here");
});

test("Clear has the kernel forget them", async () => {
  await add("ctx.device.back()");
  one<HTMLButtonElement>(".xm-code-head .xm-button:last-of-type").click();
  expect(forget).toHaveBeenCalledOnce();
});

test("a pick names what was clicked and touches nothing, with control off", async () => {
  pick().click();
  expect(pick().getAttribute("aria-pressed")).toBe("true");
  expect(one(".xm-control-note").textContent).toBe("Click on what you want as code: nothing is touched");
  click(100, 75);
  expect(source.control!.gestures).toEqual([{ do: "pick", x: 0.5, y: 0.25 }]);
  pointer("pointerdown", 10, 10);
  pointer("pointermove", 100, 100);
  pointer("pointerup", 100, 100);
  expect(source.control!.gestures).toHaveLength(1);
  expect(one(".xm-hint").textContent).toContain("Pick takes clicks alone");
});

test("it is there only while no step is at work on the device", async () => {
  expect(pick().hidden).toBe(false);
  pick().click();
  source.begin(snapshot());
  await settle();
  expect(pick().hidden).toBe(true);
  click(100, 75);
  expect(source.control!.gestures).toEqual([]);
  source.begin(snapshot({ status: "completed", duration_seconds: 5 }));
  await settle();
  expect([pick().hidden, pick().getAttribute("aria-pressed")]).toEqual([false, "false"]);
});

test("over the comm the lines come as a list, and Clear goes as a command", () => {
  const model = new FakeModel();
  const comm = new CommSource(model.model, null, false, true);
  const changed = vi.fn();
  comm.open({ controlled: changed } as never);
  model.say({ kind: "code", lines: [{ device_id: DEVICE, code: "ctx.device.back()" }] });
  expect(comm.script?.lines).toEqual([{ device_id: DEVICE, code: "ctx.device.back()" }]);
  expect(changed).toHaveBeenCalledOnce();
  comm.script?.forget();
  expect(model.sent.at(-1)).toEqual({ kind: "forget", page: model.page });
  comm.close();
});
