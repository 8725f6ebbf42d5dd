import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { Store } from "../src/store";
import { LogsView } from "../src/views/logs";
import { at, entry, FakeBrowser, FakeLog, FakeSource, NOW, settle, snapshot } from "./fakes";

const ROW = 22;
let source: FakeSource;
let store: Store;
let stop: AbortController;
let root: HTMLElement;
let written: string[];

const one = <T extends HTMLElement>(selector: string): T => {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`no ${selector}`);
  return found;
};
const rows = () =>
  [...root.querySelectorAll<HTMLElement>(".xm-log-row")]
    .filter((row) => !row.hidden)
    .sort((a, b) => Number(a.dataset["index"]) - Number(b.dataset["index"]));
const messages = () => rows().map((row) => row.querySelector(".xm-log-message")!.textContent);
const row = (message: string) => rows().find((known) => known.textContent!.includes(message))!;
const scroller = () => one(".xm-log-scroll");
const size = (height: number) =>
  Object.defineProperty(scroller(), "clientHeight", { value: height, configurable: true });
const scrollTo = (top: number) => {
  scroller().dispatchEvent(new Event("wheel"));
  scroller().scrollTop = top;
  scroller().dispatchEvent(new Event("scroll"));
};
const press = (key: string, changes = {}) =>
  scroller().dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...changes }));
const search = (words: string) => {
  one<HTMLInputElement>(".xm-search input").value = words;
  one(".xm-search input").dispatchEvent(new Event("input"));
};
const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => entry(`line ${from + i}`, { timestamp: at(from + i) }));
const begin = async (...lines: ReturnType<typeof entry>[]) => {
  source.begin(snapshot(), ...lines);
  await settle();
};

beforeEach(() => {
  new FakeBrowser();
  written = [];
  vi.stubGlobal("navigator", { clipboard: { writeText: async (words: string) => void written.push(words) } });
  source = new FakeSource();
  show();
});

function show(): void {
  store = new Store(source);
  stop = new AbortController();
  const view = new LogsView(store, stop.signal);
  store.add({ update: () => view.update(), frame: () => {}, problem: () => {} }, stop.signal);
  root = view.element;
  document.body.append(root);
  size(10 * ROW);
}

afterEach(() => {
  stop.abort();
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

test("makes rows for what is in sight, however long it is", async () => {
  await begin(...many(5000));
  expect(rows().length).toBeLessThan(40);
  expect(scroller().getAttribute("aria-rowcount")).toBe("5000");
  expect(one(".xm-log-sizer").style.height).toBe(`${5000 * ROW}px`);
  expect(one(".xm-log-count").textContent).toBe("5,000 lines");
  expect(messages().at(-1)).toBe("line 4999");
});

const COUNT = 400_000;

test("a log longer than a page can be high is shown on a shorter track, to its last line", async () => {
  source.listener.snapshot([snapshot(), ...Array.from({ length: COUNT }, (_, i) => entry(`line ${i}`))], NOW, 0);
  await settle();
  expect(parseFloat(one(".xm-log-sizer").style.height)).toBe(8_000_000);
  expect(messages().at(-1)).toBe(`line ${COUNT - 1}`);
  scrollTo(0);
  expect(messages()[0]).toBe("line 0");
  scrollTo(100);
  expect(messages(), "the wheel moves by pixels").toContain("line 5");
  scrollTo(4_000_000);
  const middle = Number(/\d+/.exec(messages()[0]!)![0]);
  expect(Math.abs(middle - COUNT / 2)).toBeLessThan(50);
});

test("stands still while the reader reads, and tells how many came since", async () => {
  await begin(...many(100));
  scrollTo(20 * ROW);
  source.send(...many(7, 100));
  await settle();
  expect(scroller().scrollTop).toBe(20 * ROW);
  expect(one(".xm-latest").textContent).toBe("7 new");
  one(".xm-latest").click();
  expect(one(".xm-latest").hidden).toBe(true);
  expect(messages().at(-1)).toBe("line 106");
  source.send(...many(1, 107));
  await settle();
  expect(messages().at(-1)).toBe("line 107");
});

test("a cursor that moves does not have the page laid out: nothing is asked of it", async () => {
  await begin(...many(1000));
  let asked = 0;
  const height = () => (asked++, 10 * ROW);
  Object.defineProperty(scroller(), "clientHeight", { get: height, configurable: true });
  for (const moment of [900, 500, 100]) {
    store.cursor.set(NOW + moment * 1000);
    await settle();
    expect(messages()).toContain(`line ${moment}`);
  }
  expect(asked).toBe(0);
});

test("filters by text and marks what was found", async () => {
  await begin(entry("one"), entry("two"), entry("Three th"));
  search("TH");
  expect(messages()).toEqual(["Three th"]);
  expect([...root.querySelectorAll("mark")].map((mark) => mark.textContent)).toEqual(["Th", "th"]);
  expect(one(".xm-log-count").textContent).toBe("1 of 3 lines");
  search("nothing");
  expect(one(".xm-empty").textContent).toBe("No line fits the filter");
});

test("a pattern that is none is told beside the field", async () => {
  await begin(entry("one"));
  one(".xm-pattern").click();
  search("(");
  expect(one(".xm-log-problem").hidden).toBe(false);
  expect(one(".xm-search input").getAttribute("aria-invalid")).toBe("true");
  search("");
  expect(one(".xm-log-problem").hidden).toBe(true);
  expect(messages()).toEqual(["one"]);
});

test("offers devices, modules and the device's own log only where there is a choice", async () => {
  const select = (label: string) => one<HTMLSelectElement>(`select[aria-label="${label}"]`);
  await begin(entry("one"));
  expect(["Device", "Module", "Source"].map((label) => select(label).hidden)).toEqual([true, true, true]);
  source.send(entry("two", { device_id: "R58M", module_id: "device", source: "logcat" }));
  await settle();
  expect(["Device", "Module", "Source"].map((label) => select(label).hidden)).toEqual([false, false, false]);
  select("Source").value = "logcat";
  select("Source").dispatchEvent(new Event("change"));
  expect(messages()).toEqual(["two"]);
});

test("puts lines of the device's own log, which come late, where their time says", async () => {
  await begin(entry("one", { timestamp: at(1) }), entry("three", { timestamp: at(3) }), entry("two", { timestamp: at(2), source: "logcat" }));
  expect(messages()).toEqual(["one", "two", "three"]);
});

test("tells what was shed, and what is not kept", async () => {
  source.listener.snapshot([snapshot(), entry("37 log entries were shed", { level: "WARN" })], NOW, 12_000);
  await settle();
  expect(one(".xm-log-shed").textContent).toBe("37 shed, 12,000 older not kept here");
});

test("a click opens a line in full and goes to its moment, another closes it", async () => {
  await begin(...many(3), entry("first line\nsecond\nthird", { timestamp: at(60) }));
  expect(row("first line").textContent).toContain("+2 lines");
  row("first line").click();
  expect(one(".xm-log-detail pre").textContent).toBe("first line\nsecond\nthird");
  expect(store.cursor.at).toBe(NOW + 60_000);
  await settle();
  expect(row("first line").dataset["standing"]).toContain("cursor");
  row("first line").click();
  expect(one(".xm-log-detail").hidden).toBe(true);
  expect(store.cursor.at).toBeNull();
});

test("goes where the cursor goes, and back to the tail with it", async () => {
  await begin(...many(1000));
  store.cursor.set(NOW + 300_400);
  await settle();
  expect(row("line 300").dataset["standing"]).toBe("cursor");
  source.send(...many(5, 1000));
  await settle();
  expect(row("line 300")).toBeDefined();
  store.cursor.set(null);
  await settle();
  expect(messages().at(-1)).toBe("line 1004");
});

test("the keyboard goes through it, opens, selects and copies", async () => {
  await begin(...many(50));
  press("Home");
  press("ArrowDown");
  expect(scroller().getAttribute("aria-activedescendant")).toBe(row("line 1").id);
  press("ArrowDown", { shiftKey: true });
  press("ArrowDown", { shiftKey: true });
  expect(rows().filter((known) => known.getAttribute("aria-selected") === "true")).toHaveLength(3);
  press("c", { ctrlKey: true });
  await settle();
  expect(written[0]!.split("\n")).toEqual(
    [1, 2, 3].map((i) => `${at(i)} INFO  emulator-5554 call_test_module: line ${i}`),
  );
  press("Enter");
  expect(one(".xm-log-detail pre").textContent).toBe("line 3");
  press("Escape");
  expect(one(".xm-log-detail").hidden).toBe(true);
  press("/");
  expect(document.activeElement).toBe(one(".xm-search input"));
});

test("copies all that the filter shows", async () => {
  await begin(...many(200));
  search("line 19");
  one(".xm-copy").click();
  await settle();
  expect(written[0]!.split("\n")).toHaveLength(12);
  expect(one(".xm-copy").textContent).toBe("Copied 12 lines");
});

describe("where all lines are kept", () => {
  const log = () => source.log as FakeLog;

  beforeEach(() => {
    stop.abort();
    document.body.replaceChildren();
    source = new FakeSource();
    source.log = new FakeLog(many(1000), 100);
    show();
  });

  test("the reader goes to the first line, and stays there while earlier ones come above it", async () => {
    source.listener.snapshot([snapshot(), ...many(100, 900)], NOW, 900);
    await settle();
    expect(one(".xm-log-shed").textContent).toBe("900 earlier");
    one(".xm-earlier").click();
    expect(messages()[0]).toBe("line 900");
    expect(one(".xm-earlier").getAttribute("aria-disabled")).toBe("true");
    await settle();
    expect(one(".xm-earlier").hasAttribute("aria-disabled")).toBe(false);
    expect(one(".xm-log-count").textContent).toBe("200 lines");
    expect(scroller().scrollTop, "a hundred rows came above").toBe(100 * ROW);
    expect(one(".xm-log-shed").textContent).toBe("800 earlier");
  });

  test("scrolling to the top fetches more", async () => {
    source.listener.snapshot([snapshot(), ...many(100, 900)], NOW, 900);
    await settle();
    scrollTo(5 * ROW);
    expect(log().asked).toEqual([]);
    scrollTo(0);
    await settle();
    expect(log().asked).toEqual(["line 900"]);
    expect(messages()).toContain("line 899");
    expect(scroller().scrollTop).toBe(100 * ROW);
  });

  test("shed lines come in their notice's place, and the reader's place stays", async () => {
    const told = entry("30 log entries were shed", { level: "WARN", timestamp: at(39) });
    await begin(...many(10), told, ...many(60, 40));
    scrollTo(30 * ROW);
    const before = messages()[8];
    one(".xm-load-shed").click();
    await settle();
    expect(one(".xm-log-count").textContent).toBe("100 lines");
    expect(messages()[8]).toBe(before);
    expect(scroller().scrollTop).toBe(59 * ROW);
    expect(one(".xm-load-shed").hidden).toBe(true);
    expect(one(".xm-log-shed").hidden).toBe(true);
  });

  test("a notice that is opened offers what it tells of", async () => {
    const told = entry("30 log entries were shed", { level: "WARN", timestamp: at(39) });
    await begin(...many(10), told, ...many(3, 40));
    const these = () => one(".xm-log-detail .xm-button");
    row("line 9").click();
    expect(these().hidden).toBe(true);
    row("were shed").click();
    expect(these().hidden).toBe(false);
    these().click();
    await settle();
    expect(one(".xm-log-detail").hidden).toBe(true);
    expect(one(".xm-log-count").textContent).toBe("43 lines");
  });

  test("the reason why they cannot be had is told", async () => {
    log().refused = "this run is not in the history";
    source.listener.snapshot([snapshot(), entry("late")], NOW, 3);
    await settle();
    one(".xm-earlier").click();
    await settle();
    expect(one(".xm-log-shed").textContent).toBe("3 earlier (this run is not in the history)");
  });
});

test("its inputs keep JupyterLab's shortcuts away", () => {
  const inputs = [...root.querySelectorAll<HTMLElement>("input, select")];
  expect(inputs.map((input) => input.dataset["lmSuppressShortcuts"])).toEqual(inputs.map(() => "true"));
});
