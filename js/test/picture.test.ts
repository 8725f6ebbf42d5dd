import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { Shrinker } from "../src/shrinking";
import { Store } from "../src/store";
import { ExecutionView } from "../src/views/view";
import { DEVICE, FakeBrowser, FakeImage, FakeSource, frame, settle, snapshot } from "./fakes";

afterEach(() => vi.unstubAllGlobals());

describe("on the canvas", () => {
  let browser: FakeBrowser;
  let source: FakeSource;
  let store: Store;
  const stop = new AbortController();
  const picture = (number: number) => {
    const image = new FakeImage(number);
    const video = { image: image as never, bytes: 7 };
    source.listener.frame(frame(number, { codec: "h264", source: "scrcpy", width: 64, height: 96, jpeg: new Uint8Array(), video }));
    return image;
  };

  beforeEach(async () => {
    browser = new FakeBrowser();
    source = new FakeSource();
    store = new Store(source);
    document.body.replaceChildren(new ExecutionView(store, stop.signal).element);
    source.begin(snapshot());
    await settle();
  });

  test("a picture is drawn as it comes, in its own size, and let go when the next is there", () => {
    const [first, second] = [picture(1), picture(2)];
    expect(browser.drawn).toEqual([1, 2]);
    expect([first.closed, second.closed]).toEqual([1, 0]);
    const canvas = document.querySelector<HTMLCanvasElement>(".xm-phone .xm-canvas")!;
    expect([canvas.width, canvas.height, canvas.dataset["frame"]]).toEqual([64, 96, "2"]);
    expect(source.drawn).toHaveBeenCalledWith(2, expect.objectContaining({ quality: "medium" }));
  });

  test("a JPEG that is still being decoded does not cover what came after it", async () => {
    browser.instant = false;
    source.listener.frame(frame(1));
    await settle();
    picture(2);
    browser.decode();
    await settle();
    expect(browser.drawn).toEqual([2]);
    browser.instant = true;
    source.listener.frame(frame(3));
    await settle();
    expect(browser.drawn, "and the way back to JPEG").toEqual([2, 3]);
  });

  test("the last picture is let go once nobody looks at it", () => {
    const last = picture(1);
    const viewer = { update: vi.fn(), frame: vi.fn(), problem: vi.fn() };
    const alone = new AbortController();
    store.add(viewer, alone.signal);
    store.look(viewer, [{ device_id: DEVICE, quality: "medium" }]);
    document.querySelector<HTMLButtonElement>(".xm-toggle")!.click();
    expect(last.closed, "another view has it still").toBe(0);
    alone.abort();
    expect(last.closed).toBe(1);
    expect(store.picture({ device_id: DEVICE, quality: "medium" })).toBeUndefined();
  });

  test("a view that comes later shows the picture that is there", async () => {
    picture(5);
    document.body.append(new ExecutionView(store, stop.signal).element);
    await settle();
    expect(browser.drawn).toEqual([5, 5]);
    expect(source.drawn.mock.calls.at(-1), "whose age says nothing of the way").toEqual([5]);
  });
});

describe("on a canvas that is smaller than the picture", () => {
  const stop = new AbortController();
  let browser: FakeBrowser;
  let source: FakeSource;
  let shrunk: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const picture = (number: number) => {
    const video = { image: new FakeImage(number) as never, bytes: 7 };
    source.listener.frame(frame(number, { codec: "h264", width: 64, height: 96, jpeg: new Uint8Array(), video }));
  };

  beforeEach(async () => {
    shrunk = [];
    vi.spyOn(Shrinker.prototype, "shrink").mockImplementation(
      (image) => new Promise((resolve, reject) => shrunk.push({ resolve: () => resolve(image as never), reject })),
    );
    browser = new FakeBrowser();
    source = new FakeSource();
    document.body.replaceChildren(new ExecutionView(new Store(source), stop.signal).element);
    browser.layOut(".xm-phone .xm-canvas", 16);
    source.begin(snapshot());
    await settle();
  });
  afterEach(() => vi.restoreAllMocks());

  test("it is made smaller by the browser and here in turns, and has the canvas's size", async () => {
    picture(1);
    picture(2);
    shrunk[0]!.resolve();
    await settle();
    picture(3);
    expect(browser.drawn).toEqual([1, 2, 3]);
    const canvas = document.querySelector<HTMLCanvasElement>(".xm-phone .xm-canvas")!;
    expect([canvas.width, canvas.height, canvas.dataset["frame"]]).toEqual([16, 24, "3"]);
  });

  test("one that is late does not cover what came after it", async () => {
    picture(1);
    picture(2);
    picture(3);
    shrunk[1]!.resolve();
    await settle();
    shrunk[0]!.resolve();
    await settle();
    expect(browser.drawn).toEqual([1, 3]);
  });

  test("where that does not work it is told, and the browser draws the next", async () => {
    picture(1);
    picture(2);
    shrunk[0]!.reject(new Error("no memory"));
    await settle();
    expect(document.querySelector(".xm-notice")!.textContent).toContain("no memory");
    picture(3);
    picture(4);
    expect(browser.drawn).toEqual([1, 3, 4]);
  });
});
