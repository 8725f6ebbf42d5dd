import { expect, test } from "vitest";

import { Logbook } from "../src/logbook";
import { Rows } from "../src/logrows";
import { at, entry, NOW } from "./fakes";

const messages = (book: Logbook) =>
  Array.from({ length: book.length }, (_, i) => book.line(book.first + i)!.message);

test("a line comes back as it was written", () => {
  const book = new Logbook();
  book.add(entry("one", { level: "ERROR", timestamp: at(1.5) }));
  book.add(entry("two\nlines", { module_id: "sms_test_module", device_id: "R58M", source: "logcat" }));
  expect(book.line(0)).toEqual({
    time: NOW + 1500,
    level: "ERROR",
    source: "run",
    device: "emulator-5554",
    module: "call_test_module",
    message: "one",
  });
  expect(book.line(1)).toMatchObject({ message: "two\nlines", module: "sms_test_module", device: "R58M", source: "logcat" });
  expect(book.line(2)).toBeUndefined();
  expect(book.line(-1)).toBeUndefined();
  expect(book.logcat).toBe(true);
});

test("lines keep their order and their text over many blocks, read between writes", () => {
  const book = new Logbook();
  for (let i = 0; i < 10_000; i++) {
    book.add(entry(`line ${i}`));
    if (i % 1000 === 0) expect(book.line(i)!.message).toBe(`line ${i}`);
  }
  expect(messages(book)).toEqual(Array.from({ length: 10_000 }, (_, i) => `line ${i}`));
});

test("the book is bounded, and counts what it gave up", () => {
  const book = new Logbook(10_000);
  for (let i = 0; i < 25_000; i++) book.add(entry(String(i)));
  expect(book.length).toBeLessThanOrEqual(10_000);
  expect(book.length + book.lost).toBe(25_000);
  expect(book.first).toBe(book.lost);
  expect(book.line(book.first)!.message).toBe(String(book.lost));
  expect(book.line(book.end - 1)!.message).toBe("24999");
});

test("older lines can be put before the others, which keep their numbers", () => {
  const book = new Logbook();
  book.clear(6000);
  book.add(entry("new"));
  const before = book.epoch;
  book.splice(book.first, book.first, Array.from({ length: 5000 }, (_, i) => entry(`old ${i}`)));
  expect(book.line(6000)!.message).toBe("new");
  expect(book.first).toBe(1000);
  expect(book.epoch).not.toBe(before);
  expect(book.moved(6000, before)).toBe(6000);
  expect(messages(book)).toEqual([...Array.from({ length: 5000 }, (_, i) => `old ${i}`), "new"]);
});

test.each([[0], [1], [4096], [9000]])("lines in the place of others among %i are as if always there", (count) => {
  const book = new Logbook();
  const wanted = Array.from({ length: count }, (_, i) => `line ${i}`);
  for (const message of wanted) book.add(entry(message));
  const { epoch } = book;
  const marked = [...wanted];
  const edits = [[0.5, 3, 5000], [0, 0, 4096], [1, 0, 2], [0.7, 1, 0], [0.2, 2, 9000], [0.999, 2, 1]] as const;
  for (const [round, [place, out, into]] of edits.entries()) {
    const from = Math.floor(place * book.length);
    const to = Math.min(book.length, from + out);
    const lines = Array.from({ length: into }, (_, i) => `edit ${round}.${i}`);
    book.splice(book.first + from, book.first + to, lines.map((message) => entry(message)));
    wanted.splice(from, to - from, ...lines);
    expect(messages(book)).toEqual(wanted);
  }
  book.add(entry("last"));
  expect(messages(book)).toEqual([...wanted, "last"]);
  const left = new Set(wanted);
  for (const [number, message] of marked.entries()) {
    if (left.has(message)) expect(book.line(book.moved(number, epoch))?.message).toBe(message);
  }
  expect(book.blocks.length, "small edits leave no small blocks").toBeLessThan(4 + (2 * book.length) / 4096);
});

test("shed lines take their notice's place, each at its time among those of others", () => {
  const book = new Logbook();
  const own = (message: string, seconds: number) => entry(message, { timestamp: at(seconds) });
  const other = (message: string, seconds: number) => entry(message, { timestamp: at(seconds), device_id: "R58M" });
  book.add(own("one", 0));
  book.add(other("a", 1));
  book.add(other("b", 3));
  book.add(entry("3 log entries were shed", { level: "WARN", timestamp: at(4) }));
  book.add(other("c", 5));
  const { epoch } = book;
  expect([book.noticeBefore(Infinity), book.noticeBefore(3), book.shedAt(3), book.shed]).toEqual([3, undefined, 3, 3]);
  book.fill(1, 3, [own("two", 2), own("three", 3.5)]);
  expect(messages(book)).toEqual(["one", "a", "two", "b", "three", "1 log entry was shed", "c"]);
  expect(book.shed).toBe(1);
  expect([0, 1, 2, 3, 4].map((number) => book.line(book.moved(number, epoch))!.message)).toEqual(
    ["one", "a", "b", "1 log entry was shed", "c"],
  );
});

test("the line of a moment is the last one until then", () => {
  const book = new Logbook();
  for (let i = 0; i < 10_000; i++) book.add(entry(String(i), { timestamp: at(Math.floor(i / 2)) }));
  expect(book.at(NOW - 1)).toBeUndefined();
  expect(book.at(NOW)).toBe(1);
  expect(book.at(NOW + 999)).toBe(1);
  expect(book.at(NOW + 4_000_000)).toBe(8001);
  expect(book.at(Infinity)).toBe(9999);
});

test("what the sender shed is added up", () => {
  const book = new Logbook();
  book.add(entry("37 log entries were shed", { level: "WARN" }));
  book.add(entry("1 log entry was shed", { level: "WARN" }));
  book.add(entry("5 log entries were shed", { level: "INFO" }));
  expect(book.shed).toBe(38);
});

test("rows grow at both ends, and are found by their line", () => {
  const rows = new Rows();
  const wanted: number[] = [];
  for (let i = 0; i < 3000; i++) {
    rows.append([i * 2]);
    wanted.push(i * 2);
    rows.prepend([-i * 2 - 2]);
    wanted.unshift(-i * 2 - 2);
  }
  expect(Array.from({ length: rows.length }, (_, i) => rows.at(i))).toEqual(wanted);
  expect(rows.at(rows.rowOf(-7))).toBe(-6);
  expect(rows.rowOf(1e9)).toBe(rows.length);
  rows.drop(-10);
  expect(rows.at(0)).toBe(-10);
  rows.clear();
  expect(rows.length).toBe(0);
  expect(rows.at(0)).toBeUndefined();
});
