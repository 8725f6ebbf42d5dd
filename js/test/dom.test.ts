import { expect, test } from "vitest";

import { children, h, text } from "../src/dom";

test("children that stay are not touched, whatever comes and goes around them", async () => {
  const [a, b, c, d] = [h("p"), h("p"), h("p"), h("p")];
  const parent = h("div", {}, a, b, c);
  const touched: Node[] = [];
  const observer = new MutationObserver((records) => {
    for (const { addedNodes, removedNodes } of records) touched.push(...addedNodes, ...removedNodes);
  });
  observer.observe(parent, { childList: true });
  children(parent, [b, c, d]);
  await new Promise((resolve) => setTimeout(resolve));
  expect([...parent.children]).toEqual([b, c, d]);
  expect(new Set(touched)).toEqual(new Set([a, d]));
  children(parent, [d, a, c]);
  expect([...parent.children]).toEqual([d, a, c]);
});

test("a text that is there is changed, not replaced; what else is there gives way to it", () => {
  const words = h("p", {}, "one");
  const { firstChild } = words;
  text(words, "two");
  expect([words.textContent, words.firstChild]).toEqual(["two", firstChild]);
  const mixed = h("p", {}, "one ", h("b", {}, "two"));
  text(mixed, "three");
  expect([mixed.textContent, mixed.childElementCount]).toEqual(["three", 0]);
  text(mixed, "");
  expect(mixed.textContent).toBe("");
});
