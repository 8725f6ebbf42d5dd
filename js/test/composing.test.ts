import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Composing } from "../src/views/composing";

/** Holds text as Chromium's does, with a cursor that stays where it is put, and is written to as by an input method. */
class FakeEditContext extends EventTarget {
  text = "";
  #cursor = 0;

  updateText(start: number, end: number, text: string): void {
    this.text = this.text.slice(0, start) + text + this.text.slice(end);
  }

  updateSelection(_: number, end: number): void {
    this.#cursor = end;
  }

  write(text: string, over = 0): void {
    const start = this.#cursor - over;
    this.updateText(start, this.#cursor, text);
    this.#cursor = start + text.length;
    this.dispatchEvent(new Event("textupdate"));
  }

  compose(...steps: string[]): void {
    this.dispatchEvent(new Event("compositionstart"));
    steps.forEach((text, index) => this.write(text, steps[index - 1]?.length));
    this.dispatchEvent(new Event("compositionend"));
  }
}

let typed: string[];
let canvas: HTMLCanvasElement & { editContext?: FakeEditContext | null };

beforeEach(() => {
  typed = [];
  canvas = document.createElement("canvas");
});

afterEach(() => vi.unstubAllGlobals());

const composing = () => {
  vi.stubGlobal("EditContext", FakeEditContext);
  const made = new Composing(canvas, (text) => typed.push(text));
  made.switch(true);
  return made;
};

test("what is composed goes when it is complete, and leaves nothing behind", () => {
  composing();
  canvas.editContext!.compose("に", "にほん", "日本");
  expect(typed).toEqual(["日本"]);
  expect(canvas.editContext!.text).toBe("");
  canvas.editContext!.compose("x", "");
  expect(typed, "one that was given up").toEqual(["日本"]);
  canvas.editContext!.compose("か", "かな");
  expect(typed).toEqual(["日本", "かな"]);
});

test("what needs no composing goes at once", () => {
  composing();
  canvas.editContext!.write("🙂");
  canvas.editContext!.write("é");
  expect(typed).toEqual(["🙂", "é"]);
});

test("it is there while it is wanted", () => {
  const made = composing();
  const context = canvas.editContext;
  made.switch(true);
  expect(canvas.editContext).toBe(context);
  made.switch(false);
  expect(canvas.editContext).toBeNull();
});

test("a browser that knows nothing of it goes on without", () => {
  new Composing(canvas, (text) => typed.push(text)).switch(true);
  expect(canvas.editContext).toBeUndefined();
});
