import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { Store } from "../src/store";
import { ExecutionView } from "../src/views/view";
import { at, DEVICE, FakeBrowser, FakeSource, frame, NOW, settle, snapshot } from "./fakes";

let source: FakeSource;
let stop: AbortController;
let root: HTMLElement;
let canvas: HTMLCanvasElement;

const one = <T extends HTMLElement>(selector: string): T => {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`no ${selector}`);
  return found;
};
const toggle = () => one<HTMLButtonElement>(".xm-control");
const gestures = () => source.control!.gestures;
const hint = () => (one(".xm-hint").hidden ? "" : one(".xm-hint").textContent);
const note = () => (one(".xm-control-note").hidden ? "" : one(".xm-control-note").textContent);

/** The canvas lies at 100, 50 and is 200 x 300 wide, whatever the picture's own size. */
const pointer = (type: string, x: number, y: number, options: PointerEventInit = {}) =>
  canvas.dispatchEvent(
    new PointerEvent(type, { clientX: 100 + x, clientY: 50 + y, pointerId: 1, button: 0, ...options }),
  );
const wheel = (deltaY: number, options: WheelEventInit = {}) => {
  const event = new WheelEvent("wheel", { deltaY, cancelable: true, ...options });
  Object.assign(event, { clientX: 200, clientY: 200 }); // happy-dom's is no mouse event
  canvas.dispatchEvent(event);
  return event;
};
const key = (name: string, options: KeyboardEventInit = {}) => {
  const event = new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...options });
  canvas.dispatchEvent(event);
  return event;
};
/** A key with modifiers; happy-dom knows nothing of AltGraph. */
const modified = (name: string, { modifierAltGraph = false, ...options }: KeyboardEventInit) => {
  const event = new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...options });
  event.getModifierState = (wanted) => wanted === "AltGraph" && modifierAltGraph;
  canvas.dispatchEvent(event);
  return event;
};
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

beforeEach(async () => {
  new FakeBrowser();
  source = new FakeSource();
  stop = new AbortController();
  root = new ExecutionView(new Store(source), stop.signal).element;
  document.body.append(root);
  source.begin();
  await settle();
  source.listener.frame(frame(1));
  await settle();
  canvas = one(".xm-canvas");
  canvas.getBoundingClientRect = () => ({ left: 100, top: 50, width: 200, height: 300 }) as DOMRect;
});

afterEach(() => {
  stop.abort();
  document.body.replaceChildren();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const takeInHand = async () => {
  toggle().click();
  await settle();
};

describe("the switch", () => {
  test("is off as it comes: nothing that is done to the picture goes to the device", async () => {
    expect(toggle().getAttribute("aria-pressed")).toBe("false");
    expect(canvas.hasAttribute("tabindex")).toBe(false);
    pointer("pointerdown", 10, 10);
    pointer("pointerup", 10, 10);
    expect(wheel(100).defaultPrevented, "the page scrolls").toBe(false);
    expect(key("a").defaultPrevented).toBe(false);
    await wait(150);
    expect(gestures()).toEqual([]);
  });

  test("makes the picture something to touch, and to type at", async () => {
    await takeInHand();
    expect(toggle().getAttribute("aria-pressed")).toBe("true");
    expect(canvas.getAttribute("tabindex")).toBe("0");
    expect(canvas.dataset["lmSuppressShortcuts"]).toBe("true");
    expect(one(".xm-keys").hidden).toBe(false);
    toggle().click();
    await settle();
    expect(canvas.hasAttribute("tabindex")).toBe(false);
    expect(one(".xm-keys").hidden).toBe(true);
  });

  test("follows the kernel", async () => {
    source.control!.on = true;
    source.control!.changed();
    await settle();
    expect(toggle().getAttribute("aria-pressed")).toBe("true");
  });

  test("says that a step runs, and that touches mix with it", async () => {
    await takeInHand();
    expect(note()).toContain("Click");
    const attempts = [{ attempt: 1, status: "running" as const, started_at: at(0) }];
    const running = { step_id: "s1", device_id: DEVICE, module_id: "sms_test_module", status: "running" as const };
    source.begin(snapshot({ steps: [{ ...running, attempts }] }));
    await settle();
    expect(note()).toBe("sms_test_module is running: your touches mix with its own");
  });

  test("cannot be had while the device is away, and says why", async () => {
    source.send({ type: "device_status", device_id: DEVICE, status: "offline", last_seen: at(1) });
    await settle();
    expect(toggle().disabled).toBe(true);
    expect(note()).toBe("No control: the device is offline");
    source.send({ type: "device_status", device_id: DEVICE, status: "busy", last_seen: at(2) });
    await settle();
    expect(toggle().disabled).toBe(false);
  });

  test("is not there where the source has no way back", async () => {
    source.control = undefined;
    source.listener.controlled();
    await settle();
    expect(toggle().hidden).toBe(true);
  });
});

describe("touches", () => {
  beforeEach(takeInHand);

  test("a click is a tap, in fractions of the picture as it is shown", () => {
    pointer("pointerdown", 50, 75);
    pointer("pointermove", 52, 76);
    pointer("pointerup", 52, 76);
    const [touch] = source.control!.touches;
    expect(touch).toMatchObject({ device_id: DEVICE, gesture: { do: "tap", x: 0.25, y: 0.25 }, picture: [2, 3] });
    expect(Math.abs(touch!.at - NOW), "by the kernel's clock").toBeLessThan(60_000);
    expect(root.querySelectorAll(".xm-mark")).toHaveLength(1);
  });

  test("a click on a picture's pixel is in it, at every scale, quality and rotation", () => {
    const screens = [[720, 1280], [1280, 720], [1080, 2400], [2400, 1080]] as const;
    for (const [width, height] of screens) {
      for (const factor of [1, 2, 3]) {
        const [across, down] = [Math.ceil(width / factor), Math.ceil(height / factor)];
        Object.assign(canvas, { width: across, height: down });
        for (const scale of [0.25, 0.37, 1, 1.5]) {
          const [left, top] = [100.5, 50.25];
          canvas.getBoundingClientRect = () => ({ left, top, width: across * scale, height: down * scale }) as DOMRect;
          for (const share of [0, 0.31, 0.5, 0.99]) {
            const [column, row] = [Math.floor(share * across), Math.floor((1 - share) * (down - 1))];
            const at = { clientX: left + (column + 0.5) * scale, clientY: top + (row + 0.5) * scale };
            pointer("pointerdown", 0, 0, at);
            pointer("pointerup", 0, 0, at);
            const { gesture, picture } = source.control!.touches.at(-1)!;
            if (gesture.do !== "tap") throw new Error(gesture.do);
            expect([Math.floor(gesture.x * across), Math.floor(gesture.y * down)]).toEqual([column, row]);
            expect(picture).toEqual([across, down]);
          }
        }
      }
    }
    expect(gestures()).toHaveLength(4 * 3 * 4 * 4);
  });

  test("a drag is a swipe with its duration, and may end beside the picture", async () => {
    pointer("pointerdown", 100, 150);
    pointer("pointermove", 100, 100);
    await wait(60);
    pointer("pointerup", 100, -40);
    const [swipe] = gestures();
    expect(swipe).toMatchObject({ do: "swipe", x1: 0.5, y1: 0.5, x2: 0.5, y2: 0 });
    expect((swipe as { seconds: number }).seconds).toBeGreaterThan(0.04);
  });

  test("a finger that stays presses, once", async () => {
    pointer("pointerdown", 100, 150);
    await wait(560);
    expect(gestures()).toEqual([{ do: "press", x: 0.5, y: 0.5, seconds: 0.6 }]);
    pointer("pointerup", 100, 150);
    expect(gestures()).toHaveLength(1);
  });

  test("a touch that the browser takes away is none", async () => {
    pointer("pointerdown", 100, 150);
    pointer("pointercancel", 100, 150);
    pointer("pointerup", 100, 150);
    await wait(560);
    expect(gestures()).toEqual([]);
  });

  test("the right button is the way back", () => {
    pointer("pointerdown", 100, 150, { button: 2 });
    expect(gestures()).toEqual([{ do: "key", key: "back" }]);
  });

  test("turns of the wheel are gathered to one scroll, and the page stays", async () => {
    expect(wheel(30).defaultPrevented).toBe(true);
    wheel(60);
    wheel(-3, { deltaMode: 1, deltaX: 0 });
    expect(gestures()).toEqual([]);
    await wait(180);
    expect(gestures()).toEqual([{ do: "scroll", x: 0.5, y: 0.5, dx: 0, dy: expect.closeTo(-0.02, 5) }]);
  });

  test("a wheel that spins is several scrolls, and none of it is lost", async () => {
    for (let turn = 0; turn < 9; turn++) wheel(90);
    await wait(180);
    const turns = gestures().map((gesture) => (gesture.do === "scroll" ? gesture.dy : NaN));
    expect(Math.max(...turns)).toBeLessThanOrEqual(0.8);
    expect(turns.reduce((sum, dy) => sum + dy)).toBeCloseTo((9 * 90) / 300, 5);
  });

  test("what is typed goes in order: characters together, keys by name", async () => {
    for (const name of ["h", "i", "Enter", "ö", "Escape", "ArrowLeft", "Home"]) key(name);
    key("c", { ctrlKey: true });
    expect(key("Tab").defaultPrevented, "the way out of the picture").toBe(false);
    key("Shift");
    await wait(180);
    expect(gestures()).toEqual([
      { do: "text", text: "hi" },
      { do: "key", key: "enter" },
      { do: "text", text: "ö" },
      { do: "key", key: "back" },
      { do: "key", key: "left" },
      { do: "key", key: "home" },
    ]);
  });

  test("a third sign on a key is typed: by AltGr, and by Option on a Mac", async () => {
    const graph = { ctrlKey: true, altKey: true, modifierAltGraph: true };
    for (const name of ["@", "€", "{"]) expect(modified(name, graph).defaultPrevented).toBe(true);
    vi.spyOn(navigator, "platform", "get").mockReturnValue("MacIntel");
    for (const name of ["[", "ø"]) expect(modified(name, { altKey: true }).defaultPrevented).toBe(true);
    await wait(180);
    expect(gestures()).toEqual([{ do: "text", text: "@€{[ø" }]);
  });

  test("shortcuts stay the page's", async () => {
    vi.spyOn(navigator, "platform", "get").mockReturnValue("MacIntel");
    const graph = { ctrlKey: true, altKey: true, modifierAltGraph: true };
    const events = [
      modified("c", { ctrlKey: true }),
      modified("c", { metaKey: true }),
      modified("ç", { altKey: true, metaKey: true }),
      modified("ArrowLeft", { altKey: true }),
      modified("Delete", graph),
      modified("c", { ctrlKey: true, altKey: true }),
    ];
    vi.spyOn(navigator, "platform", "get").mockReturnValue("Win32");
    events.push(modified("f", { altKey: true }));
    await wait(180);
    expect(events.map((event) => event.defaultPrevented)).toEqual(events.map(() => false));
    expect(gestures()).toEqual([]);
  });

  test("typed characters go before the tap that follows them", () => {
    key("x");
    pointer("pointerdown", 0, 0);
    pointer("pointerup", 0, 0);
    expect(gestures().map((gesture) => gesture.do)).toEqual(["text", "tap"]);
  });

  const paste = (text: string) => {
    const event = new Event("paste", { bubbles: true, cancelable: true });
    Object.assign(event, { clipboardData: { getData: () => text } });
    document.body.dispatchEvent(event);
    return event;
  };

  test("what is pasted while the picture has the focus goes as one, with its lines", () => {
    expect(paste("elsewhere").defaultPrevented).toBe(false);
    canvas.focus();
    key("x");
    expect(paste("one\r\ntwo\rthree\n").defaultPrevented).toBe(true);
    expect(gestures()).toEqual([
      { do: "text", text: "x" },
      { do: "text", text: "one\ntwo\nthree\n" },
    ]);
  });

  test("what is longer than the device takes is not pasted at all, and that is told", () => {
    canvas.focus();
    paste("x".repeat(10_001));
    expect(gestures()).toEqual([]);
    expect(hint()).toBe("Not pasted: 10001 characters, and 10000 are the most");
    paste("x".repeat(10_000));
    expect(gestures()).toHaveLength(1);
  });

  test("a gesture is of the picture that it began on, however that turns meanwhile", async () => {
    const turn = () => Object.assign(canvas, { width: 3, height: 2 });
    const back = () => Object.assign(canvas, { width: 2, height: 3 });
    pointer("pointerdown", 100, 150);
    turn();
    pointer("pointerup", 100, 50);
    back();
    pointer("pointerdown", 100, 150);
    turn();
    pointer("pointerup", 100, 150);
    back();
    wheel(30);
    turn();
    await wait(180);
    back();
    pointer("pointerdown", 100, 150);
    turn();
    await wait(560);
    const told = source.control!.touches.map(({ gesture, picture }) => [gesture.do, ...picture]);
    expect(told).toEqual(["swipe", "tap", "scroll", "press"].map((kind) => [kind, 2, 3]));
  });

  test("what is typed after a gesture was dropped is sent", async () => {
    key("a");
    toggle().click();
    await settle();
    toggle().click();
    await settle();
    key("b");
    await wait(180);
    expect(gestures()).toEqual([{ do: "text", text: "b" }]);
  });

  test("the device's own keys are buttons", () => {
    for (const button of root.querySelectorAll<HTMLElement>(".xm-keys button")) button.click();
    expect(gestures().map((gesture) => "key" in gesture && gesture.key)).toEqual(["back", "home", "recents"]);
  });

  test("a refusal is told, an acceptance is not", async () => {
    one(".xm-keys button").click();
    source.control!.answer(null);
    await settle();
    expect(hint()).toBe("");
    one(".xm-keys button").click();
    source.control!.answer("the device has just turned: nothing was sent");
    await settle();
    expect(hint()).toBe("Not done: the device has just turned: nothing was sent");
  });

  test("a kernel that does not answer is told of", async () => {
    vi.useFakeTimers();
    one(".xm-keys button").click();
    vi.advanceTimersByTime(1_600);
    expect(hint()).toContain("kernel is busy");
    vi.useRealTimers();
  });
});

describe("the numbers", () => {
  test("are there when asked for: rate, latency, data, size and source", async () => {
    const button = one<HTMLButtonElement>(".xm-numbers-toggle");
    expect(one(".xm-numbers").hidden).toBe(true);
    button.click();
    expect(button.getAttribute("aria-pressed")).toBe("true");
    for (let number = 2; number < 6; number++) {
      source.listener.frame(frame(number, { timestamp: at(0), source: "screencap", jpeg: new Uint8Array(1000) }));
      await settle();
    }
    button.click();
    button.click();
    const values = [...root.querySelectorAll(".xm-numbers dd")].map((value) => value.textContent);
    expect(values[0]).toMatch(/^\d\.\d frames\/s$/);
    expect(values[1]).toMatch(/^\d+ ms, estimated clock$/);
    expect(values[2]).toBe("2 kB/s");
    expect(values.slice(3)).toEqual(["2×3, medium", "screencap → jpeg"]);
  });

  test("tell why it is not the device's own video, where the page gave that up", async () => {
    one<HTMLButtonElement>(".xm-numbers-toggle").click();
    source.listener.frame(frame(2, { source: "screencap", withoutVideo: "packets were lost on the way" }));
    await settle();
    one<HTMLButtonElement>(".xm-numbers-toggle").click();
    one<HTMLButtonElement>(".xm-numbers-toggle").click();
    expect(one(".xm-numbers").textContent).toContain("Videogiven up: packets were lost on the way");
  });
});
