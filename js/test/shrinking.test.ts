import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { canShrink, decodeJpeg, Race, shrink, Shrinker, type Planes } from "../src/shrinking";

const BT709 = { matrix: "bt709", fullRange: false } as VideoColorSpace;

/** Numbers that look like chance and are the same in each run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

/** A picture in I420 whose rows are as far apart as `stride` says, of what `value` gives. */
function planes(width: number, height: number, stride: number, value: () => number, colors = BT709): Planes {
  const color = Math.ceil(height / 2);
  const layout = [
    { offset: 0, stride },
    { offset: stride * height, stride: stride / 2 },
    { offset: stride * height + (stride / 2) * color, stride: stride / 2 },
  ];
  const data = Uint8Array.from({ length: stride * (height + color) }, value);
  return { data, width, height, layout, colors };
}

function pixels(width: number, height: number): ImageData {
  return { width, height, data: new Uint8ClampedArray(width * height * 4) } as unknown as ImageData;
}

/** What ITU-R BT.709 makes of the mean brightness of a part and of the colour in its middle. */
function expected({ data, width, height, layout }: Planes, across: number, down: number, x: number, y: number): number[] {
  const [luma, u, v] = layout as [PlaneLayout, PlaneLayout, PlaneLayout];
  const edge = (part: number, parts: number, length: number) => Math.round((part * length) / parts);
  const [left, right] = [edge(x, across, width), edge(x + 1, across, width)];
  const [top, bottom] = [edge(y, down, height), edge(y + 1, down, height)];
  let sum = 0;
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) sum += data[luma.offset + row * luma.stride + column]!;
  }
  const light = ((sum / ((right - left) * (bottom - top)) - 16) * 255) / 219;
  const at = ({ offset, stride }: PlaneLayout) =>
    ((data[offset + ((top + bottom) >> 2) * stride + ((left + right) >> 2)]! - 128) * 255) / 224;
  const [blue, red] = [at(u), at(v)];
  return [light + 1.5748 * red, light - 0.1873 * blue - 0.4681 * red, light + 1.8556 * blue];
}

describe("a picture made smaller", () => {
  test.each([
    [64, 96, 64, 20, 31],
    [1080, 240, 1080, 257, 57],
    [91, 47, 96, 13, 7],
    [64, 96, 72, 64, 96],
    [300, 514, 304, 3, 2],
  ])("of %ix%i, rows %i apart, to %ix%i has the mean of each part", (width, height, stride, across, down) => {
    const random = chance(width + height);
    const picture = planes(width, height, stride, () => Math.floor(random() * 256));
    const made = pixels(across, down);
    shrink(picture, made);
    for (let at = 0; at < across * down; at++) {
      const wanted = expected(picture, across, down, at % across, Math.floor(at / across));
      const got = made.data.slice(at * 4, at * 4 + 4);
      expect(got[3]).toBe(255);
      for (const [channel, value] of wanted.entries()) {
        expect(Math.abs(got[channel]! - Math.min(255, Math.max(0, value)))).toBeLessThanOrEqual(1);
      }
    }
  });

  test.each([
    ["bt709", false, 235, [255, 255, 255]],
    ["bt709", false, 16, [0, 0, 0]],
    ["smpte170m", false, 126, [128, 128, 128]],
    ["bt470bg", true, 200, [200, 200, 200]],
  ] as const)("by %s, full range %s, %i without colour is grey", (matrix, fullRange, value, wanted) => {
    const picture = planes(16, 16, 16, () => value, { matrix, fullRange } as VideoColorSpace);
    picture.data.fill(128, 256);
    const made = pixels(4, 4);
    shrink(picture, made);
    expect([...made.data.slice(20, 23)]).toEqual(wanted);
  });
});

describe("a video's picture", () => {
  const image = (changes: object = {}) =>
    ({ format: "I420", colorSpace: BT709, displayWidth: 64, visibleRect: { width: 64, height: 96 }, ...changes }) as VideoFrame;

  beforeEach(() => {
    vi.stubGlobal("ImageData", class {
      readonly data: Uint8ClampedArray;
      constructor(readonly width: number, readonly height: number) {
        this.data = new Uint8ClampedArray(width * height * 4);
      }
    });
  });
  afterEach(() => vi.unstubAllGlobals());

  test("is made smaller here where it lies in memory, its colours are known, and it is worth it", () => {
    expect(canShrink(image(), 32)).toBe(true);
    expect(canShrink(image(), 33)).toBe(false);
    expect(canShrink(image({ displayWidth: 1080 }), 8)).toBe(false);
    expect(canShrink(image({ format: null }), 32)).toBe(false);
    expect(canShrink(image({ format: "NV12" }), 32)).toBe(false);
    expect(canShrink(image({ colorSpace: { matrix: null } }), 32)).toBe(false);
  });

  test("is copied in whole words, each into memory of its own while several are", async () => {
    const copies: { data: Uint8Array; layout: PlaneLayout[] }[] = [];
    let copied: (() => void)[] = [];
    const copyTo = (data: Uint8Array, { layout }: { layout: PlaneLayout[] }) => {
      data.fill(128).fill(126, 0, layout[1]!.offset);
      copies.push({ data, layout });
      return new Promise<void>((resolve) => copied.push(resolve));
    };
    const shrinker = new Shrinker();
    const both = [image({ copyTo }), image({ copyTo })].map((picture) => shrinker.shrink(picture, 20, 30));
    copied.forEach((resolve) => resolve());
    for (const made of await Promise.all(both)) expect([...made.data.slice(0, 4)]).toEqual([128, 128, 128, 255]);
    expect(copies[0]!.data).not.toBe(copies[1]!.data);
    copied = [];
    const third = shrinker.shrink(image({ copyTo }), 20, 30);
    copied.forEach((resolve) => resolve());
    await third;
    expect(copies.slice(0, 2).map(({ data }) => data)).toContain(copies[2]!.data);
    expect(copies[2]!.layout.every(({ offset, stride }) => offset % 4 === 0 && stride % 4 === 0)).toBe(true);
  });
});

describe("two ways to do the same", () => {
  const run = (race: Race, times: Record<"browser" | "here", number>, task = "task") => {
    const ways = Array.from({ length: 20 }, () => {
      const way = race.way(task);
      race.took(way, times[way]);
      return way;
    });
    return { tried: ways.slice(0, 12), kept: new Set(ways.slice(12)) };
  };

  test("have their turns, then the quicker is kept", () => {
    const { tried, kept } = run(new Race(), { browser: 13, here: 6 });
    expect(tried.filter((way) => way === "here")).toHaveLength(6);
    expect(kept).toEqual(new Set(["here"]));
    expect(run(new Race(), { browser: 0.3, here: 6 }).kept).toEqual(new Set(["browser"]));
  });

  test("are tried anew for another task", () => {
    const race = new Race();
    run(race, { browser: 13, here: 6 });
    expect(run(race, { browser: 2, here: 6 }, "another").kept).toEqual(new Set(["browser"]));
  });

  test("are one where the other does not work", () => {
    const race = new Race();
    run(race, { browser: 13, here: 6 });
    race.failed("here");
    expect(race.way("task")).toBe("browser");
    expect(race.way("another")).toBe("browser");
  });
});

describe("a JPEG", () => {
  const decoders: { init: ImageDecoderInit; closed: boolean }[] = [];
  const jpeg = new Uint8Array([1]);

  beforeEach(() => {
    decoders.length = 0;
    vi.stubGlobal("createImageBitmap", async () => "all of it");
    vi.stubGlobal("ImageDecoder", class {
      closed = false;
      constructor(readonly init: ImageDecoderInit) {
        decoders.push(this);
      }
      async decode() {
        if (this.init.desiredWidth === 2) throw new Error("no JPEG");
        return { image: "a smaller one" };
      }
      close() {
        this.closed = true;
      }
    });
  });
  afterEach(() => vi.unstubAllGlobals());

  test("is decoded in the eighths of its size that are shown", async () => {
    expect(await decodeJpeg(jpeg, { width: 1080, height: 1921 }, 257)).toBe("a smaller one");
    expect(decoders[0]!.init).toMatchObject({ type: "image/jpeg", desiredWidth: 270, desiredHeight: 481 });
    expect(await decodeJpeg(jpeg, { width: 1080, height: 1920 }, 271)).toBe("a smaller one");
    expect(decoders[1]!.init).toMatchObject({ desiredWidth: 405, desiredHeight: 720 });
    expect(decoders.every(({ closed }) => closed)).toBe(true);
  });

  test("is decoded whole where all is shown, and where the browser lends no decoder", async () => {
    expect(await decodeJpeg(jpeg, { width: 1080, height: 1920 })).toBe("all of it");
    expect(await decodeJpeg(jpeg, { width: 1080, height: 1920 }, 1000)).toBe("all of it");
    vi.stubGlobal("ImageDecoder", undefined);
    expect(await decodeJpeg(jpeg, { width: 1080, height: 1920 }, 100)).toBe("all of it");
    expect(decoders).toEqual([]);
  });

  test("that cannot be read leaves no decoder behind", async () => {
    await expect(decodeJpeg(jpeg, { width: 16, height: 16 }, 1)).rejects.toThrow("no JPEG");
    expect(decoders[0]!.closed).toBe(true);
  });
});
