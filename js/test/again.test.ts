import type { Host } from "@anywidget/types";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { showAgain } from "../src/again";
import { FakeModel, settle } from "./fakes";

let fake: FakeModel;
let stop: AbortController;
let el: HTMLElement;
let widgets: Record<string, string>;
let grows: (height: number) => void;
const shown = () => [...el.querySelectorAll(".xm-again")].map(({ textContent }) => textContent);

/** Widgets that show a word each, until they are told to end. */
const host = {
  getWidget: async (reference: string) => {
    const word = widgets[reference];
    if (!word) throw new Error(`no model ${reference}`);
    const render = async ({ el, signal }: { el: HTMLElement; signal?: AbortSignal }) => {
      const place = document.createElement("p");
      place.textContent = word;
      el.append(place);
      signal!.addEventListener("abort", () => (widgets[reference] = "ended"));
    };
    return { exports: undefined, render };
  },
} as unknown as Host;

beforeEach(() => {
  fake = new FakeModel();
  stop = new AbortController();
  el = document.createElement("div");
  widgets = { "anywidget:1": "first", "anywidget:2": "second" };
  Element.prototype.scrollIntoView = vi.fn();
  vi.stubGlobal(
    "ResizeObserver",
    class {
      constructor(readonly tell: () => void) {}
      observe(place: HTMLElement): void {
        grows = (height) => {
          vi.spyOn(place, "offsetHeight", "get").mockReturnValue(height);
          this.tell();
        };
      }
      disconnect(): void {
        grows = () => undefined;
      }
    },
  );
});

afterEach(() => {
  stop.abort();
  vi.unstubAllGlobals();
});

test("what runs again is shown below, and a later one takes its place", async () => {
  showAgain(fake.model, host, el, stop.signal);
  await settle();
  expect(shown()).toEqual([]);
  fake.change("again", "anywidget:1");
  await settle();
  expect(shown()).toEqual(["first"]);
  grows(30);
  expect(Element.prototype.scrollIntoView).not.toHaveBeenCalled();
  grows(400);
  grows(500);
  expect(Element.prototype.scrollIntoView).toHaveBeenCalledOnce();
  fake.change("again", "anywidget:2");
  await settle();
  expect([shown(), widgets["anywidget:1"]]).toEqual([["second"], "ended"]);
});

test("a page that comes later shows it too, and stays where it is", async () => {
  fake.traits["again"] = "anywidget:1";
  showAgain(fake.model, host, el, stop.signal);
  await settle();
  expect(shown()).toEqual(["first"]);
  expect(Element.prototype.scrollIntoView).not.toHaveBeenCalled();
  stop.abort();
  expect([shown(), widgets["anywidget:1"]]).toEqual([[], "ended"]);
  fake.change("again", "anywidget:2");
  await settle();
  expect(shown()).toEqual([]);
});

test("what is not there any more is not shown", async () => {
  const said = vi.spyOn(console, "info").mockReturnValue();
  fake.traits["again"] = "anywidget:gone";
  showAgain(fake.model, host, el, stop.signal);
  await settle();
  expect(shown()).toEqual([]);
  expect(said).toHaveBeenCalledOnce();
});
