import { expect, test } from "vitest";

import { children, h } from "../src/dom";

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
