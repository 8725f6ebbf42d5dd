// Which steps a table shows, and in which order.

import { spanOf } from "./cursor";
import { between, plural } from "./format";
import type { Attempt, ExecutionSnapshot, Step, StepStatus } from "./messages";

export type SortKey = "plan" | "duration" | "status";

export interface StepQuery {
  /** "" is all of them; "retried" those that were tried more than once. */
  status: StepStatus | "retried" | "";
  device: string;
  /** Words that the module or its parameters must hold, in any case. */
  text: string;
  sort: SortKey;
  reversed: boolean;
}

export const EVERYTHING: StepQuery = { status: "", device: "", text: "", sort: "plan", reversed: false };

/** A step and its place in the plan. */
export interface Item {
  step: Step;
  index: number;
}

/** What wants attention comes first. */
const RANKS: StepStatus[] = ["failed", "running", "skipped", "pending", "completed"];

/** The steps that fit a query, in its order; of two that are equal the earlier in the plan comes first. */
export function arranged(steps: Step[], query: StepQuery): Item[] {
  const words = query.text.toLowerCase().split(/\s+/).filter(Boolean);
  const items = steps.map((step, index) => ({ step, index })).filter(({ step }) => fits(step, query, words));
  const way = query.reversed ? -1 : 1;
  const orders: Record<SortKey, (a: Item, b: Item) => number> = {
    plan: (a, b) => a.index - b.index,
    duration: (a, b) => (stepSeconds(b.step) ?? -1) - (stepSeconds(a.step) ?? -1),
    status: (a, b) => RANKS.indexOf(a.step.status) - RANKS.indexOf(b.step.status),
  };
  return items.sort((a, b) => way * orders[query.sort](a, b) || a.index - b.index);
}

function fits(step: Step, { status, device }: StepQuery, words: string[]): boolean {
  if (device && step.device_id !== device) return false;
  if (status === "retried" ? step.attempts.length < 2 : status && step.status !== status) return false;
  if (!words.length) return true;
  const text = `${step.module_id} ${step.params ?? ""}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** A plain consumer is not told how long a failed attempt took: its ends may tell. */
export function attemptSeconds(attempt: Attempt): number | undefined {
  if (attempt.duration_seconds != null) return attempt.duration_seconds;
  return attempt.ended_at ? between(attempt.started_at, attempt.ended_at) : undefined;
}

/** How long a step's last attempt took. */
export function stepSeconds(step: Step): number | undefined {
  const attempt = step.attempts.at(-1);
  return attempt && attemptSeconds(attempt);
}

/** How a step stands to a moment: yet to come, at it, or over. */
export function standingAt(step: Step, at: number | null): "ahead" | "now" | "over" | undefined {
  if (at === null) return undefined;
  const spans = step.attempts.flatMap((attempt) => spanOf(attempt) ?? []);
  const [first, last] = [spans[0], spans.at(-1)];
  if (!first || !last || first.from > at) return "ahead";
  return last.to === undefined || at <= last.to ? "now" : "over";
}

/** The step that a moment is of, on a device or on any: the latest begun by then. */
export function stepOf(items: Item[], at: number): Item | undefined {
  let [found, begun] = [undefined as Item | undefined, -Infinity];
  for (const item of items) {
    for (const attempt of item.step.attempts) {
      const from = spanOf(attempt)?.from;
      if (from !== undefined && from <= at && from >= begun) [found, begun] = [item, from];
    }
  }
  return found;
}

/** What runs, in words: with several devices each module, and where. */
export function currentSteps({ steps, devices, current_step }: ExecutionSnapshot): string {
  const modules = new Map<string, string[]>();
  for (const { status, module_id, device_id } of steps) {
    if (status !== "running") continue;
    const found = modules.get(module_id) ?? [];
    found.push(device_id);
    modules.set(module_id, found);
  }
  if (devices.length < 2 || !modules.size) return current_step ?? "";
  const on = (found: string[]) => (found.length > 1 ? plural(found.length, "device") : found[0]);
  return [...modules].map(([module, found]) => `${module} on ${on(found)}`).join(", ");
}
