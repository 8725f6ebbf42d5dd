import { beforeEach, expect, test, vi } from "vitest";

import { Backlog } from "../src/backlog";
import { Logbook } from "../src/logbook";
import type { KeptLines } from "../src/source";
import { at, entry, FakeLog } from "./fakes";

/** Line `i` of the history; every other is another device's. */
const line = (i: number) => entry(`line ${i}`, { timestamp: at(i), device_id: i % 2 ? "R58M" : "emulator-5554" });
const notice = (count: number, i: number) =>
  entry(`${count} log entries were shed`, { level: "WARN", timestamp: at(i), device_id: "emulator-5554" });
const HISTORY = Array.from({ length: 20 }, (_, i) => line(i));

let book: Logbook;
let kept: FakeLog;
let changed: ReturnType<typeof vi.fn<() => void>>;
let backlog: Backlog;

beforeEach(() => {
  book = new Logbook();
  kept = new FakeLog(HISTORY);
  changed = vi.fn<() => void>();
  backlog = new Backlog(kept, book, changed);
});

const numbers = () =>
  Array.from({ length: book.length }, (_, i) => Number(/\d+/.exec(book.line(book.first + i)!.message)![0]));

test("earlier lines come a batch at a time, until there are none", async () => {
  book.clear(3);
  for (const i of [17, 18, 19]) book.add(line(i));
  for (const [first, lost] of [[13, 13], [9, 9], [5, 5], [1, 1], [0, 0]] as const) {
    expect(backlog.hasEarlier).toBe(true);
    await backlog.earlier();
    expect(numbers()).toEqual(HISTORY.slice(first).map((_, i) => first + i));
    expect(book.lost).toBe(lost);
  }
  expect(backlog.hasEarlier).toBe(false);
});

test("what was loaded stays while a run goes on, within the most that a page holds", async () => {
  book.capacity = 4096;
  book.clear(4);
  for (let i = 4; i < 20; i++) book.add(line(i));
  await backlog.earlier();
  for (let i = 0; i < 50_000; i++) book.add(entry("later", { timestamp: at(20) }));
  expect(book.line(0)!.message).toBe("line 0");
  for (let i = 0; i < 60_000; i++) book.add(entry("later", { timestamp: at(20) }));
  expect(book.line(0)).toBeUndefined();
  expect(book.length).toBeGreaterThan(90_000);
});

test("a notice at the beginning gives way to the lines that it tells of", async () => {
  book.clear(10);
  book.add(notice(2, 16));
  book.add(line(17));
  await backlog.earlier();
  expect(kept.asked).toEqual(["line 17"]);
  expect(numbers()).toEqual([13, 14, 15, 16, 17]);
  expect(book.shed).toBe(0);
});

test("a line that came late though it is older is not put there twice", async () => {
  book.clear(10);
  for (const i of [17, 16, 18]) book.add(line(i));
  await backlog.earlier();
  expect(numbers()).toEqual([13, 14, 15, 17, 16, 18]);
});

test("lines that were shed come from behind the line before them, as many batches as it takes", async () => {
  for (const i of [0, 1, 3]) book.add(line(i));
  book.add(notice(6, 12));
  for (const i of [13, 14]) book.add(line(i));
  await backlog.shed();
  expect(kept.asked).toEqual([["line 0", 0, 6], ["line 8", 0, 2]]);
  expect(numbers()).toEqual([0, 1, 2, 3, 4, 6, 8, 10, 12, 13, 14]);
  expect(book.shed).toBe(0);
});

test("of several notices each has its own lines, also when only one of them is asked for", async () => {
  book.add(line(0));
  book.add(notice(2, 4));
  book.add(notice(1, 6));
  book.add(line(8));
  await backlog.shed(2);
  expect(kept.asked).toEqual([["line 0", 2, 1]]);
  expect(numbers()).toEqual([0, 2, 6, 8]);
  await backlog.shed();
  expect(numbers()).toEqual([0, 2, 4, 6, 8]);
});

test("what cannot be loaded stays told", async () => {
  book.add(notice(2, 4));
  await backlog.shed();
  expect(backlog.refused).toBe("what came before is to be loaded first");
  kept.refused = "this run is not in the history";
  book.add(line(5));
  book.lost = 4;
  await backlog.earlier();
  expect(backlog.refused).toBe(kept.refused);
  expect([book.shed, book.lost, book.length]).toEqual([2, 4, 2]);
});

test("one question at a time; without an answer the reader may ask again, and a late one is passed over", async () => {
  vi.useFakeTimers();
  book.clear(3);
  book.add(line(19));
  let late: (answer: KeptLines) => void = () => undefined;
  kept.earlier = vi.fn(() => new Promise<KeptLines>((resolve) => (late = resolve)));
  const asked = backlog.earlier();
  await backlog.earlier();
  expect(kept.earlier).toHaveBeenCalledTimes(1);
  expect(backlog.loading).toBe(true);
  vi.advanceTimersByTime(10_000);
  await asked;
  expect(backlog.loading).toBe(false);
  expect(backlog.refused).toBe("no answer: the kernel may be busy");
  late({ entries: [], lost: 0, refused: null });
  await Promise.resolve();
  expect(book.lost).toBe(3);
  vi.useRealTimers();
});
