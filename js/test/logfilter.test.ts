import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { Logbook } from "../src/logbook";
import { EVERYTHING, LogFilter, type LogQuery } from "../src/logfilter";
import type { LogEntry } from "../src/messages";
import { entry, FakeWorker } from "./fakes";

let book: Logbook;
let filter: LogFilter;
let found: () => void;

const ask = (changes: Partial<LogQuery>) => {
  filter.query = { ...EVERYTHING, ...changes };
  filter.refresh();
};
const add = (...lines: (string | [string, Partial<LogEntry>])[]) => {
  for (const line of lines) book.add(typeof line === "string" ? entry(line) : entry(...line));
};
const shown = () => Array.from({ length: filter.length }, (_, row) => book.line(filter.at(row)!)!.message);
const done = () => vi.waitFor(() => expect(filter.done).toBe(true));

beforeEach(() => {
  book = new Logbook();
  found = vi.fn();
  filter = new LogFilter(book, found);
});

afterEach(() => {
  filter.close();
  vi.unstubAllGlobals();
});

test("without a question it shows every line, also those to come", () => {
  add("one", "two");
  filter.refresh();
  expect(shown()).toEqual(["one", "two"]);
  add("three");
  expect(shown()).toEqual(["one", "two", "three"]);
  expect(filter.rowOf(1)).toBe(1);
});

test("a level shows that level and what is worse", () => {
  for (const level of ["DEBUG", "INFO", "WARN", "ERROR"] as const) add([level, { level }]);
  ask({ level: "WARN" });
  expect(shown()).toEqual(["WARN", "ERROR"]);
});

test("device, module and source narrow it, also before they were heard of", () => {
  ask({ device: "R58M", module: "sms_test_module", source: "logcat" });
  const fitting: Partial<LogEntry> = { device_id: "R58M", module_id: "sms_test_module", source: "logcat" };
  const { source: _, ...run } = fitting;
  add("other device", ["this", fitting], ["other module", { ...fitting, module_id: "device" }], ["the run's", run]);
  filter.refresh();
  expect(shown()).toEqual(["this"]);
});

test("all words must be found, in any case, in message, module or device", () => {
  add("Executing ADB command: input tap 1 2", ["Executing ADB command: input text", { module_id: "sms_test_module" }]);
  ask({ text: "adb SMS" });
  expect(shown()).toEqual(["Executing ADB command: input text"]);
  ask({ text: "EMULATOR tap" });
  expect(shown()).toEqual(["Executing ADB command: input tap 1 2"]);
});

test("a word is never found across two lines, and every line that has it is", async () => {
  const lines = Array.from({ length: 9_000 }, (_, i) => (i % 7 ? `x${i}` : `needle ${i} needle`));
  add(...lines);
  ask({ text: "needle" });
  await done();
  expect(shown()).toEqual(lines.filter((line) => line.includes("needle")));
  ask({ text: "needlex" });
  await done();
  expect(shown()).toEqual([]);
});

test("letters that are longer when they are small change nothing", async () => {
  add("İstanbul İİİ", "needle after", "İ needle");
  for (let i = 0; i < 5000; i++) add("more");
  ask({ text: "needle" });
  await done();
  expect(shown()).toEqual(["needle after", "İ needle"]);
});

test("new lines are filtered as they come, and lines that were given up go", () => {
  book = new Logbook(8192);
  filter = new LogFilter(book, found);
  ask({ text: "even" });
  for (let i = 0; i < 30_000; i++) {
    add(i % 2 ? `odd ${i}` : `even ${i}`);
    if (i % 500 === 0) filter.refresh();
  }
  filter.refresh();
  expect(shown().at(-1)).toBe("even 29998");
  expect(shown()[0]).toBe(`even ${book.first + (book.first % 2)}`);
});

test("what is found later shows by itself, the newest first", async () => {
  for (let i = 0; i < 40_000; i++) add(`line ${i}`);
  let calls = 0;
  vi.spyOn(performance, "now").mockImplementation(() => (calls += 100));
  ask({ text: "line" });
  expect(filter.done).toBe(false);
  expect(shown().at(-1)).toBe("line 39999");
  await done();
  expect(found).toHaveBeenCalled();
  expect(shown()).toHaveLength(40_000);
  expect(shown()[0]).toBe("line 0");
});

test("marks where the words are, once where they overlap", () => {
  ask({ text: "abc cd" });
  expect(filter.marks("xABCDx cd")).toEqual([
    [1, 5],
    [7, 9],
  ]);
});

describe("a regular expression", () => {
  let worker: typeof FakeWorker;
  beforeEach(() => {
    worker = FakeWorker.install();
  });

  test("finds what it fits, in messages alone", async () => {
    add("input tap 10 20", "input text", "tap 7 8");
    ask({ text: String.raw`tap \d+ \d+$`, pattern: true });
    await done();
    expect(shown()).toEqual(["input tap 10 20", "tap 7 8"]);
    ask({ text: "emulator", pattern: true });
    await done();
    expect(shown()).toEqual([]);
  });

  test("looks through many blocks, and through lines to come", async () => {
    for (let i = 0; i < 10_000; i++) add(`line ${i}`);
    ask({ text: "^line \\d*99$", pattern: true });
    await done();
    expect(shown()).toHaveLength(100);
    add("line 10099", "line 3");
    filter.refresh();
    await done();
    expect(shown().at(-1)).toBe("line 10099");
  });

  test("holds for each line of a message", async () => {
    add("Traceback\nValueError: 3\nend");
    ask({ text: "^valueerror", pattern: true });
    await done();
    expect(shown()).toHaveLength(1);
  });

  test("that is none is told, and shows nothing", () => {
    add("one");
    ask({ text: "(", pattern: true });
    expect(filter.problem).toMatch(/unterminated/i);
    expect(filter.length).toBe(0);
    ask({ text: "one" });
    expect(filter.problem).toBe("");
    expect(shown()).toEqual(["one"]);
  });

  test("that never ends is given up, with its worker", async () => {
    worker.silent = true;
    vi.useFakeTimers();
    add("a".repeat(40));
    ask({ text: "(a+)+$b", pattern: true });
    await vi.advanceTimersByTimeAsync(5_000);
    vi.useRealTimers();
    expect(filter.problem).toBe("This pattern takes too long");
    expect(worker.alive).toBe(0);
    worker.silent = false;
    ask({ text: "a+", pattern: true });
    await done();
    expect(shown()).toHaveLength(1);
  });

  test("where the page allows no worker, that is told", async () => {
    vi.stubGlobal(
      "Worker",
      class {
        constructor() {
          throw new Error("blocked");
        }
      },
    );
    add("one");
    ask({ text: "o", pattern: true });
    await vi.waitFor(() => expect(filter.problem).toContain("no regular expressions"));
  });

  test("an answer that comes after the next question is worth nothing", async () => {
    add("one", "two");
    ask({ text: "one", pattern: true });
    ask({ text: "two", pattern: true });
    await done();
    expect(shown()).toEqual(["two"]);
  });

  test("closing leaves no worker behind", async () => {
    add("one");
    ask({ text: "o", pattern: true });
    await done();
    filter.close();
    expect(worker.alive).toBe(0);
  });
});
