// Pictures made as small as they are shown, for less than the browser takes.
//
// A JPEG is decoded in eighths of its size where the browser lends its decoder: what lies between is never made.
//
// Of a video's picture a browser that draws without a graphics processor first makes RGBA, all of it and in memory
// that it takes anew each time: of 1080x1920 that is most of what showing it costs. Here every pixel's
// brightness is read once, where it lies, and colours are made only of the pixels that are shown. Where there is
// a graphics processor the browser is quicker; which of them is, each page finds out by itself.

const EIGHTHS = 8;

/** Decode a JPEG of that size, or what is needed of it where no more than `room` pixels from left to right are shown. */
export async function decodeJpeg(
  jpeg: Uint8Array<ArrayBuffer>,
  { width, height }: { width: number; height: number },
  room = width,
): Promise<ImageBitmap | VideoFrame> {
  const type = "image/jpeg";
  const eighths = Math.ceil((room * EIGHTHS) / width);
  if (eighths >= EIGHTHS || typeof ImageDecoder === "undefined") return createImageBitmap(new Blob([jpeg], { type }));
  const [desiredWidth, desiredHeight] = [width, height].map((side) => Math.ceil((side * eighths) / EIGHTHS)) as [number, number];
  const decoder = new ImageDecoder({ data: jpeg, type, desiredWidth, desiredHeight });
  try {
    return (await decoder.decode()).image;
  } finally {
    decoder.close();
  }
}

/** How the three planes of an I420 picture lie in memory, and what their numbers mean. */
export interface Planes {
  data: Uint8Array;
  width: number;
  height: number;
  /** Of the brightness and the two colours. */
  layout: PlaneLayout[];
  colors: VideoColorSpace;
}

/** What a brightness and two colours weigh in red, green and blue, by the name of the matrix (ITU-T H.273). */
const WEIGHTS: Record<string, [redV: number, greenU: number, greenV: number, blueU: number]> = {
  bt709: [1.5748, 0.1873, 0.4681, 1.8556],
  smpte170m: [1.402, 0.3441, 0.7141, 1.772],
  bt470bg: [1.402, 0.3441, 0.7141, 1.772],
};

/** How much smaller it is worth to make a picture here, and how much smaller sums of 16 bits allow. */
const LEAST = 2;
const MOST = 128;

/** Whether a picture can be made `across` pixels wide here. */
export function canShrink({ format, colorSpace, displayWidth }: VideoFrame, across: number): boolean {
  const times = displayWidth / across;
  return format === "I420" && (colorSpace.matrix ?? "") in WEIGHTS && times >= LEAST && times <= MOST;
}

/** Makes pictures smaller, one after the other; what a size needs is kept for the next. */
export class Shrinker {
  #spare = new Uint8Array(0);

  /** Return the pixels of a picture that `canShrink`, in another size. */
  async shrink(image: VideoFrame, across: number, down: number): Promise<ImageData> {
    const { colorSpace: colors } = image; // the picture may be closed while it is copied
    const { width, height } = image.visibleRect!;
    const { layout, size } = layOut(width, height);
    const data = this.#spare.length === size ? this.#spare : new Uint8Array(size);
    this.#spare = new Uint8Array(0);
    await image.copyTo(data, { layout });
    const pixels = new ImageData(across, down);
    shrink({ data, width, height, layout, colors }, pixels);
    this.#spare = data;
    return pixels;
  }
}

type Way = "browser" | "here";

/** How often each of the ways is tried. The first times say little: the browser compiles what it has met often. */
const TRIALS = 6;

/** Finds out which of two ways to do the same is quicker: each has its turns, then the one with the best time stays. */
export class Race {
  #task = "";
  #turns = 0;
  #best: Record<Way, number> = { browser: Infinity, here: Infinity };
  #out: Way | undefined;

  /** Return the way to go now; another task is another race. */
  way(task: string): Way {
    if (task !== this.#task) {
      this.#task = task;
      this.#turns = 0;
      this.#best = { browser: Infinity, here: Infinity };
    }
    if (this.#out) return this.#out === "here" ? "browser" : "here";
    if (this.#turns < 2 * TRIALS) return this.#turns % 2 ? "here" : "browser";
    return this.#best.here < this.#best.browser ? "here" : "browser";
  }

  /** Tell how long it took, in milliseconds. */
  took(way: Way, ms: number): void {
    this.#turns += 1;
    this.#best[way] = Math.min(this.#best[way], ms);
  }

  /** Tell that a way does not work here. */
  failed(way: Way): void {
    this.#out = way;
  }
}

/** Return where the planes of a picture of that size shall lie: rows of whole words of four bytes. */
function layOut(width: number, height: number): { layout: PlaneLayout[]; size: number } {
  const stride = Math.ceil(width / 8) * 8;
  const rows = Math.ceil(height / 2);
  const color = stride * height;
  const layout = [
    { offset: 0, stride },
    { offset: color, stride: stride / 2 },
    { offset: color + (rows * stride) / 2, stride: stride / 2 },
  ];
  return { layout, size: color + rows * stride };
}

/** Fill `pixels` with a picture: of each the mean brightness of the part of the picture that it stands for. */
export function shrink({ data, width, height, layout, colors }: Planes, pixels: ImageData): void {
  const { width: across, height: down } = pixels;
  const [luma, u, v] = layout as [PlaneLayout, PlaneLayout, PlaneLayout];
  const paint = painter(colors);
  const columns = edges(width, across);
  const rows = edges(height, down);
  const sums = new RowSums(data, luma, height);
  const out = new Int32Array(pixels.data.buffer);
  let to = 0;
  for (let y = 0; y < down; y++) {
    const top = rows[y]!;
    const bottom = rows[y + 1]!;
    sums.add(top, bottom);
    const middle = (top + bottom) >> 2;
    const [blues, reds] = [u.offset + middle * u.stride, v.offset + middle * v.stride];
    for (let x = 0; x < across; x++) {
      const left = columns[x]!;
      const right = columns[x + 1]!;
      const mean = sums.of(left, right) / ((right - left) * (bottom - top));
      const center = (left + right) >> 2;
      out[to++] = paint(mean, data[blues + center]! - 128, data[reds + center]! - 128);
    }
  }
}

/** The brightness of rows of a picture added up, column by column: four at a time, two to a word. */
class RowSums {
  readonly #words: Int32Array;
  readonly #step: number;
  readonly #even: Int32Array;
  readonly #odd: Int32Array;
  readonly #evens: Uint16Array;
  readonly #odds: Uint16Array;

  constructor(data: Uint8Array, luma: PlaneLayout, height: number) {
    this.#step = luma.stride >> 2;
    this.#words = new Int32Array(data.buffer, data.byteOffset + luma.offset, this.#step * height);
    this.#even = new Int32Array(this.#step);
    this.#odd = new Int32Array(this.#step);
    this.#evens = new Uint16Array(this.#even.buffer);
    this.#odds = new Uint16Array(this.#odd.buffer);
  }

  /** Add up the rows from `top` on before `bottom`; at most 257 of them. */
  add(top: number, bottom: number): void {
    const [words, step, evens, odds] = [this.#words, this.#step, this.#even, this.#odd];
    const end = bottom * step;
    for (let x = 0; x < step; x++) {
      let even = 0;
      let odd = 0;
      for (let at = top * step + x; at < end; at += step) {
        const four = words[at]!;
        even = (even + (four & 0xff00ff)) | 0;
        odd = (odd + ((four >>> 8) & 0xff00ff)) | 0;
      }
      evens[x] = even;
      odds[x] = odd;
    }
  }

  /** Return the sum of the columns from `left` on before `right`. */
  of(left: number, right: number): number {
    const [evens, odds] = [this.#evens, this.#odds];
    let sum = 0;
    for (let at = (left + 1) >> 1; at < (right + 1) >> 1; at++) sum += evens[at]!;
    for (let at = left >> 1; at < right >> 1; at++) sum += odds[at]!;
    return sum;
  }
}

/** Return what makes a pixel of a brightness and two colours, the latter without their middle of 128. */
function painter(colors: VideoColorSpace): (brightness: number, blue: number, red: number) => number {
  const [redV, greenU, greenV, blueU] = WEIGHTS[colors.matrix!]!;
  const [black, bright, vivid] = colors.fullRange ? [0, 1, 1] : [16, 255 / 219, 255 / 224];
  return (brightness, blue, red) => {
    const light = (brightness - black) * bright + 0.5;
    const r = clamp(light + vivid * redV * red);
    const g = clamp(light - vivid * (greenU * blue + greenV * red));
    const b = clamp(light + vivid * blueU * blue);
    return (0xff << 24) | (b << 16) | (g << 8) | r; // red first in memory: no browser runs where that differs
  };
}

function clamp(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** Return where each of `parts` begins that a length is divided into, and where the last one ends. */
function edges(length: number, parts: number): Int32Array {
  return Int32Array.from({ length: parts + 1 }, (_, part) => Math.round((part * length) / parts));
}
