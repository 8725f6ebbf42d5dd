import { expect, test } from "vitest";

import { LogFilter, Logbook } from "../src/logbook";
import { entry } from "./fakes";

const messages = (filter: LogFilter) => filter.visible.map(({ message }) => message);

test("the level filter shows that level and what is worse", () => {
  const book = new Logbook();
  for (const level of ["DEBUG", "INFO", "WARN", "ERROR"] as const) book.add(entry(level, { level }));
  const filter = new LogFilter(book);
  filter.query = { level: "WARN", text: "" };
  filter.refresh();
  expect(messages(filter)).toEqual(["WARN", "ERROR"]);
});

test("all words must be found, in any case, in message, module or device", () => {
  const book = new Logbook();
  book.add(entry("Executing ADB command: input tap 1 2"));
  book.add(entry("Executing ADB command: input text hello", { module_id: "sms_test_module" }));
  const filter = new LogFilter(book);
  filter.query = { level: "DEBUG", text: "adb SMS" };
  filter.refresh();
  expect(messages(filter)).toEqual(["Executing ADB command: input text hello"]);
});

test("new lines are filtered as they come", () => {
  const book = new Logbook();
  const filter = new LogFilter(book);
  filter.query = { level: "DEBUG", text: "b" };
  expect(filter.refresh()).toBe(true);
  book.add(entry("a"));
  expect(filter.refresh()).toBe(false);
  book.add(entry("b"));
  expect(filter.refresh()).toBe(true);
  expect(messages(filter)).toEqual(["b"]);
});

test("the book is bounded, and counts what it gave up", () => {
  const book = new Logbook(100);
  const filter = new LogFilter(book);
  for (let i = 0; i < 250; i++) {
    book.add(entry(String(i)));
    filter.refresh();
  }
  expect(book.entries.length).toBeLessThanOrEqual(100);
  expect(book.entries.length + book.lost).toBe(250);
  expect(book.entries.at(-1)?.message).toBe("249");
  expect(filter.visible).toEqual(book.entries);
});

test("what the sender shed is added up", () => {
  const book = new Logbook();
  book.add(entry("37 log entries were shed", { level: "WARN" }));
  book.add(entry("1 log entry was shed", { level: "WARN" }));
  book.add(entry("5 log entries were shed", { level: "INFO" }));
  expect(book.shed).toBe(38);
});
