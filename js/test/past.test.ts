import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { CommSource } from "../src/comm";
import { Seeker } from "../src/seeker";
import type { Past, PastFrame, Wanted } from "../src/source";
import { Store } from "../src/store";
import { ExecutionView } from "../src/views/view";
import { at, DEVICE, FakeBrowser, FakeModel, FakeSource, frame, NOW, settle, snapshot } from "./fakes";

/** A recording with a picture every 10 ms. */
const recorded = (at: number, device_id = DEVICE): PastFrame => {
  const number = Math.floor(at / 10);
  return { device_id, number, width: 2, height: 3, from: number * 10, until: number * 10 + 10, jpeg: new Uint8Array([number % 256]) };
};

describe("the seeker", () => {
  let asked: number[];
  let hasty: boolean[];
  let answer: (past?: Past) => Promise<void>;
  let found: [number, number | string | null | undefined][];
  let seeker: Seeker;

  beforeEach(() => {
    asked = [];
    hasty = [];
    found = [];
    const seek = (_: string, at: number, wanted: Wanted = {}) => {
      asked.push(at);
      hasty.push(wanted.hasty === true);
      return new Promise<Past>((resolve) => {
        answer = async (past = recorded(at)) => {
          resolve(past);
          await new Promise((done) => setTimeout(done));
        };
      });
    };
    seeker = new Seeker(DEVICE, seek, "medium", (at, past) => found.push([at, past && typeof past === "object" ? past.number : past]));
  });

  test("asks one question at a time, and the newest next", async () => {
    for (const at of [15, 25, 35, 45]) seeker.go(at);
    expect(asked).toEqual([15]);
    await answer();
    expect(asked).toEqual([15, 45]);
    await answer();
    expect(found).toEqual([
      [15, 1],
      [45, 4],
    ]);
  });

  test("shows a glimpse at once, and asks for the right picture when the cursor rests", async () => {
    const glimpse = { ...recorded(5), glimpse: true };
    seeker.go(25);
    await answer(glimpse);
    seeker.go(35);
    expect(asked, "it rested at 25").toEqual([25, 25]);
    await answer();
    await answer(glimpse);
    await answer();
    expect(asked).toEqual([25, 25, 35, 35]);
    expect(hasty).toEqual([true, false, true, false]);
    expect(found.map(([, number]) => number)).toEqual([0, 2, 0, 3]);
    seeker.go(45);
    seeker.go(55);
    await answer(glimpse);
    expect(asked.at(-1), "a cursor that moves on is shown what is found, and waits for nothing").toBe(55);
  });

  test("knows what it has seen, for as long as the picture stood", async () => {
    seeker.go(15);
    await answer();
    seeker.go(19);
    expect(asked).toEqual([15]);
    expect(found.at(-1)).toEqual([19, 1]);
    seeker.go(20);
    expect(asked).toEqual([15, 20]);
  });

  test("keeps a bounded number of pictures", async () => {
    for (let at = 0; at < 2000; at += 10) {
      seeker.go(at);
      await answer();
    }
    asked = [];
    seeker.go(1995);
    seeker.go(1500);
    seeker.go(5);
    expect(asked).toEqual([5]);
  });

  test("tells that there is none, and that nobody answered", async () => {
    seeker.go(15);
    await answer(null);
    seeker.go(16);
    await answer("the device was away");
    expect(found).toEqual([
      [15, null],
      [16, "the device was away"],
    ]);
    vi.useFakeTimers();
    seeker.go(25);
    await vi.advanceTimersByTimeAsync(5000);
    expect(found.at(-1)).toEqual([25, undefined]);
    vi.useRealTimers();
    seeker.go(35);
    expect(asked.at(-1), "a question without an answer blocks none").toBe(35);
    seeker.stop();
  });
});

describe("the picture in the past", () => {
  let browser: FakeBrowser;
  let source: FakeSource;
  let recording: (at: number, device: string) => Past;
  let seen: string[];
  let store: Store;
  let stop: AbortController;
  let root: HTMLElement;
  const one = <T extends HTMLElement>(selector: string) => root.querySelector<T>(selector)!;
  const go = async (moment: number | null) => {
    store.cursor.set(moment);
    await settle();
  };
  const notice = () => (one(".xm-past-notice").hidden ? "" : one(".xm-past-notice").textContent);

  beforeEach(async () => {
    browser = new FakeBrowser();
    source = new FakeSource();
    recording = recorded;
    seen = [];
    source.seek = (device, at) => (seen.push(device), Promise.resolve(recording(at, device)));
    store = new Store(source);
    stop = new AbortController();
    root = new ExecutionView(store, stop.signal).element;
    document.body.append(root);
    source.begin();
    source.listener.frame(frame(1));
    await settle();
  });

  afterEach(() => {
    stop.abort();
    document.body.replaceChildren();
    vi.unstubAllGlobals();
  });

  test("is that of the cursor's moment, and the live one comes back with one click", async () => {
    await go(NOW - 5000);
    expect(one(".xm-past").hidden).toBe(false);
    expect(one(".xm-past-canvas").dataset["at"]).toBe(String(NOW - 5000));
    expect(browser.drawn.at(-1)).toBe(recorded(NOW - 5000).jpeg[0]);
    expect(source.watched, "nobody looks at the live picture").toEqual([]);
    one(".xm-past-live").click();
    await settle();
    expect(one(".xm-past").hidden).toBe(true);
    expect(source.watched).toHaveLength(1);
  });

  test("is a glimpse of what was before while the right one is decoded", async () => {
    let right!: () => void;
    source.seek = (_: string, at: number, wanted?: Wanted) =>
      wanted?.hasty
        ? Promise.resolve<Past>({ ...recorded(at - 50), glimpse: true })
        : new Promise<Past>((resolve) => (right = () => resolve(recorded(at))));
    await go(NOW - 5000);
    expect(browser.drawn.at(-1)).toBe(recorded(NOW - 5050).jpeg[0]);
    expect(one(".xm-past-canvas").dataset["at"]).toBeUndefined();
    right();
    await settle();
    expect(browser.drawn.at(-1)).toBe(recorded(NOW - 5000).jpeg[0]);
    expect(one(".xm-past-canvas").dataset["at"]).toBe(String(NOW - 5000));
  });

  test("is as large as there is room for", async () => {
    const asked: Wanted[] = [];
    source.seek = (_: string, at: number, wanted: Wanted = {}) => (asked.push(wanted), Promise.resolve(recorded(at)));
    const room = vi.spyOn(one(".xm-past").parentElement!, "getBoundingClientRect");
    for (const [side, quality] of [[540 / devicePixelRatio, "medium"], [541 / devicePixelRatio, "high"], [0, "high"]] as const) {
      room.mockReturnValue(new DOMRect(0, 0, side, 2 * side));
      await go(NOW - 5000 - side);
      expect(asked.at(-1)).toEqual({ hasty: true, quality });
      expect(one(".xm-past-canvas").hidden).toBe(false);
    }
  });

  test("cannot be touched", async () => {
    one(".xm-control").click();
    await settle();
    expect(one(".xm-touchable")).not.toBeNull();
    await go(NOW - 5000);
    expect(root.querySelector(".xm-touchable")).toBeNull();
    expect(one(".xm-control-note").textContent).toBe("No control: the picture is of the past");
    await go(null);
    expect(one(".xm-touchable")).not.toBeNull();
  });

  test("is told to be missing, or to be the first", async () => {
    recording = () => null;
    await go(NOW - 5000);
    expect(notice()).toBe("No picture of this moment");
    recording = () => "the device was away";
    await go(NOW - 4500);
    expect(notice()).toBe("No picture: the device was away");
    expect(one(".xm-past-canvas").hidden, "and no other is shown").toBe(true);
    recording = (at) => recorded(at + 100);
    await go(NOW - 4000);
    expect(notice()).toBe("The first picture, from a little later");
    expect(one(".xm-past-canvas").hidden).toBe(false);
    recording = recorded;
    await go(NOW - 3000);
    expect(notice()).toBe("");
  });

  test("is that of the device that is shown", async () => {
    const second = { device_id: "R58M", status: "busy" as const, last_seen: at(0) };
    source.begin(snapshot({ devices: [...snapshot().devices, second] }));
    await settle();
    await go(NOW - 5000);
    const select = one<HTMLSelectElement>(".xm-device select");
    select.value = "R58M";
    select.dispatchEvent(new Event("change"));
    await settle();
    expect(seen).toEqual([DEVICE, "R58M"]);
    expect(one(".xm-past-canvas").getAttribute("aria-label")).toContain("Screen of R58M as it was at");
  });
});

test("the comm asks the kernel, and takes the answers to its own questions", async () => {
  const fake = new FakeModel();
  const source = new CommSource(fake.model);
  expect(source.seek, "a kernel without a recording is not asked").toBeUndefined();
  fake.traits["may_seek"] = true;
  const store = new Store(source);
  const first = source.seek!(DEVICE, NOW);
  const second = source.seek!(DEVICE, NOW + 1);
  const third = source.seek!(DEVICE, NOW + 2);
  const questions = fake.sent.filter(({ kind }) => kind === "seek");
  expect(questions).toEqual([
    { kind: "seek", id: 1, device_id: DEVICE, at: NOW, page: fake.page },
    { kind: "seek", id: 2, device_id: DEVICE, at: NOW + 1, page: fake.page },
    { kind: "seek", id: 3, device_id: DEVICE, at: NOW + 2, page: fake.page },
  ]);
  const past = { kind: "past", page: fake.page, device_id: DEVICE };
  fake.sayBytes({ ...past, page: "another", id: 1, found: true, number: 9 }, [9]);
  fake.say({ ...past, id: 2, found: false });
  fake.say({ ...past, id: 3, found: false, reason: "the device was away" });
  fake.sayBytes({ ...past, id: 1, found: true, number: 7, from: NOW, until: NOW + 5, width: 2, height: 3 }, [1, 2]);
  expect(await second).toBeNull();
  expect(await third).toBe("the device was away");
  expect(await first).toMatchObject({ number: 7, from: NOW, until: NOW + 5, jpeg: new Uint8Array([1, 2]) });
  expect(store.state).toBeUndefined();
  source.close();
});
