// @vitest-environment node
// The fold against the vectors that the Python fold is held to as well (tests/test_vectors.py).

import { readdirSync, readFileSync } from "node:fs";

import { expect, test } from "vitest";

import type { ExecutionSnapshot, ServerMessage } from "../src/messages";
import { fold } from "../src/state";

const FOLDER = new URL("../../tests/vectors/", import.meta.url);

interface Vector {
  name: string;
  start: ExecutionSnapshot;
  messages: ServerMessage[];
  expected: ExecutionSnapshot;
}

/** Null and absent, and an empty list and none, say the same. */
function known(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(known);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, part]) => part != null && !(Array.isArray(part) && !part.length));
  return Object.fromEntries(fields.map(([key, part]) => [key, known(part)]));
}

const files = readdirSync(FOLDER).filter((file) => file.endsWith(".json"));

test("there are vectors", () => expect(files.length).toBeGreaterThanOrEqual(15));

test.each(files)("%s", (file) => {
  const vector: Vector = JSON.parse(readFileSync(new URL(file, FOLDER), "utf8"));
  const before = structuredClone(vector.start);
  const state = vector.messages.reduce(fold, vector.start);
  expect(known(state)).toEqual(known(vector.expected));
  expect(vector.start, "states are never changed in place").toEqual(before);
});
