import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Store } from "../src/store";
import { ExecutionView } from "../src/views/view";
import { at, FakeBrowser, FakeSource, frame, settle, snapshot } from "./fakes";

const DEVICES = ["emulator-5554", "R58M", "192.168.1.5:5555"];

let browser: FakeBrowser;
let source: FakeSource;
let store: Store;
let stop: AbortController;
let root: HTMLElement;

const select = () => root.querySelector<HTMLSelectElement>(".xm-device select")!;
const tiles = () => [...root.querySelectorAll<HTMLElement>(".xm-tile")];
const watched = () => source.watched.map(({ device_id, quality }) => `${device_id} ${quality}`);
const choose = async (value: string) => {
  select().value = value;
  select().dispatchEvent(new Event("change"));
  await settle();
};

beforeEach(async () => {
  browser = new FakeBrowser();
  source = new FakeSource();
  stop = new AbortController();
  store = new Store(source);
  root = new ExecutionView(store, stop.signal).element;
  document.body.append(root);
  const step = { step_id: "s9", device_id: "R58M", module_id: "sms_test_module", status: "running" as const };
  source.begin(
    snapshot({
      devices: DEVICES.map((device_id) => ({ device_id, status: "busy", last_seen: at(0) })),
      steps: [{ ...step, attempts: [{ attempt: 1, status: "running", started_at: at(0) }] }],
    }),
  );
  await settle();
  await choose("all devices");
});

afterEach(() => {
  stop.abort();
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

test("the choice among devices ends with all of them", () => {
  expect([...select().options].map((option) => option.textContent)).toEqual([...DEVICES, "All 3 side by side"]);
  expect(select().value).toBe("all devices");
});

test("a tile a device says whose it is, how the device is, and what runs on it", () => {
  expect(tiles().map((tile) => tile.dataset["device"])).toEqual(DEVICES);
  expect(tiles()[1]!.textContent).toContain("R58M");
  expect(tiles().map((tile) => tile.querySelector(".xm-tile-step")!.textContent)).toEqual([
    "in use · no step running",
    "in use · sms_test_module",
    "in use · no step running",
  ]);
});

test("a tile's canvas has no more pixels than are shown, nor more than its height allows", async () => {
  const canvas = tiles()[0]!.querySelector<HTMLCanvasElement>(".xm-canvas")!;
  const show = async (number: number) => {
    source.listener.frame(frame(number, { quality: "low", width: 400, height: 800 }));
    await settle();
    return [canvas.dataset["frame"], canvas.width, canvas.height];
  };
  browser.layOut(".xm-tile-screen", 100);
  expect(await show(1)).toEqual(["1", 100, 200]);
  canvas.style.maxHeight = "120px";
  browser.layOut(".xm-tile-screen", 110);
  expect(await show(2)).toEqual(["2", 60, 120]);
  browser.layOut(".xm-tile-screen", 0);
  expect(await show(3), "while nothing is known of it").toEqual(["3", 400, 800]);
});

test("only the tiles on screen are asked for, small", () => {
  expect(watched()).toEqual([]);
  browser.onScreen(true, '[data-device="emulator-5554"]');
  browser.onScreen(true, '[data-device="R58M"]');
  expect(watched()).toEqual(["emulator-5554 low", "R58M low"]);
  browser.onScreen(false, '[data-device="R58M"]');
  expect(watched()).toEqual(["emulator-5554 low"]);
});

test("each tile shows its own device's pictures", async () => {
  browser.onScreen(true);
  source.listener.frame(frame(1, { device_id: "R58M", quality: "low" }));
  source.listener.frame(frame(2, { device_id: "R58M", quality: "high" }));
  await settle();
  expect(browser.drawn).toEqual([1]);
  expect(tiles()[1]!.querySelector("canvas")!.dataset["frame"]).toBe("1");
  expect(tiles()[0]!.querySelector("canvas")!.dataset["frame"]).toBeUndefined();
  source.listener.problem({ device_id: "R58M", message: "gone" });
  expect(tiles()[1]!.querySelector(".xm-tile-notice")!.textContent).toBe("gone");
});

test("the numbers tell where the tiles' pictures come from, those that come alike together", async () => {
  browser.onScreen(true);
  for (const [index, device_id] of DEVICES.entries()) {
    const source_of = index ? "scrcpy" : "screencap";
    source.listener.frame(frame(index + 1, { device_id, quality: "low", source: source_of }));
  }
  await settle();
  root.querySelector<HTMLElement>(".xm-numbers-toggle")!.click();
  const values = [...root.querySelectorAll(".xm-numbers dd")].map((value) => value.textContent);
  expect(values.slice(3)).toEqual(["screencap → jpeg", "2 × scrcpy → jpeg"]);
});

test("a click on a tile goes to that device alone, and nothing else is asked for", async () => {
  browser.onScreen(true);
  tiles()[1]!.click();
  await settle();
  expect(watched()).toEqual(["R58M medium"]);
  expect(select().value).toBe("R58M");
  expect(root.querySelector<HTMLElement>(".xm-grid")!.hidden).toBe(true);
  expect(root.querySelector<HTMLElement>(".xm-phone")!.hidden).toBe(false);
});

test("stopped, it asks for nothing; there is no control over several at once", async () => {
  browser.onScreen(true);
  expect(watched()).toHaveLength(3);
  root.querySelector<HTMLElement>(".xm-toggle")!.click();
  await settle();
  expect(watched()).toEqual([]);
  expect(root.querySelector<HTMLElement>(".xm-control")!.hidden).toBe(true);
});

test("a tile that comes in sight in the past shows what its device showed then", async () => {
  const asked: string[] = [];
  source.seek = async (device) => (asked.push(device), null);
  store.cursor.set(Date.parse(at(0)));
  await settle();
  expect(asked).toEqual([]);
  browser.onScreen(true, '[data-device="R58M"]');
  await settle();
  expect(asked).toEqual(["R58M"]);
});
