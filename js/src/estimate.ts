// How much longer an execution is expected to take, by what its steps took so far.

import { executionSpan, spanOf, type Span } from "./cursor";
import type { ExecutionSnapshot, PauseSpan, Step } from "./messages";
import { type Rest, restedMs, restsOf } from "./pauses";

interface Expectation {
  /** What a step takes from its first attempt to its last; undefined where nothing can be told. */
  of(step: Step): number | undefined;
  /** What passes between two steps of a device: a screenshot is taken, the device made ready. */
  pause: number;
}

/** From one step alone nothing can be told of others. */
const LEAST_STEPS = 2;
const PATIENCE_S = 5;

/**
 * Seconds that are left at `now`: those of the device that is last.
 *
 * A step is expected to take what earlier runs say (`expected_seconds`), or what the others of its module took in
 * this one, or what the steps took on the whole; between two of them passes what mostly did so far. Undefined
 * while nothing can be told.
 */
export function remainingSeconds(state: ExecutionSnapshot, now: number): number | undefined {
  if (state.status !== "running" || executionSpan(state)?.to !== undefined) return undefined;
  const { of, pause } = expectation(state);
  const left = new Map<string, number>(state.devices.map(({ device_id }) => [device_id, 0]));
  let shared = 0;
  for (const step of state.steps) {
    if (step.status !== "pending" && step.status !== "running") continue;
    const seconds = of(step);
    if (seconds === undefined) return undefined;
    const gone = step.status === "pending" ? -pause : elapsed(step, now);
    // Of a step that has taken much longer than it should nothing can be told either.
    if (gone > 2 * seconds + PATIENCE_S) return undefined;
    const rest = Math.max(0, seconds - gone);
    const known = left.get(step.device_id);
    if (known === undefined) shared += rest;
    else left.set(step.device_id, known + rest);
  }
  // Steps that no device has taken yet are taken by whoever is free.
  const devices = Math.max(1, left.size);
  const sum = [...left.values()].reduce((a, b) => a + b, shared);
  return Math.max(0, ...left.values(), sum / devices);
}

/** Seconds that a step's attempts took by `now`, the failed ones too; it may have been paused between them. */
function elapsed(step: Step, now: number): number {
  const spans = step.attempts.flatMap((attempt) => spanOf(attempt) ?? []);
  return spans.reduce((sum, { from, to }) => sum + ((to ?? now) - from) / 1000, 0);
}

/** It is asked for several times a second, and changes with the steps and with the pauses that are over. */
const known = new WeakMap<Step[], { pauses: PauseSpan[] | undefined; expectation: Expectation }>();

function expectation(state: ExecutionSnapshot): Expectation {
  const { steps, pauses } = state;
  const found = known.get(steps);
  if (found && found.pauses === pauses) return found.expectation;
  const expectation = expect(steps, restsOf(state));
  known.set(steps, { pauses, expectation });
  return expectation;
}

function expect(steps: Step[], rests: Rest[]): Expectation {
  const all = new Mean();
  const modules = new Map<string, Mean>();
  for (const step of steps) {
    const ended = step.attempts.some((attempt) => spanOf(attempt)?.to !== undefined);
    if (step.status === "pending" || step.status === "running" || !ended) continue;
    const took = elapsed(step, 0);
    all.add(took);
    const mean = modules.get(step.module_id) ?? new Mean();
    modules.set(step.module_id, mean);
    mean.add(took);
  }
  const whole = all.count < LEAST_STEPS ? undefined : all.value;
  const of = (step: Step) => step.expected_seconds ?? modules.get(step.module_id)?.value ?? whole;
  return { of, pause: median(gaps(steps, rests)) };
}

/** Seconds between the steps of each device, without those in which it was paused. */
function gaps(steps: Step[], rests: Rest[]): number[] {
  const devices = new Map<string, Span[]>();
  for (const step of steps) {
    const spans = devices.get(step.device_id) ?? [];
    spans.push(...step.attempts.flatMap((attempt) => spanOf(attempt) ?? []));
    devices.set(step.device_id, spans);
  }
  return [...devices].flatMap(([device, spans]) => {
    const own = rests.filter((rest) => rest.device === device);
    spans.sort((a, b) => a.from - b.from);
    return spans.slice(1).map(({ from }, i) => {
      const since = spans[i]!.to ?? from;
      return Math.max(0, from - since - restedMs(own, since, from)) / 1000;
    });
  });
}

function median(numbers: number[]): number {
  const sorted = numbers.sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

class Mean {
  count = 0;
  #sum = 0;

  add(value: number): void {
    this.count += 1;
    this.#sum += value;
  }

  get value(): number {
    return this.#sum / this.count;
  }
}

/** A guess in words that does not pretend to know the second: "about 20 s left", "about 4 min left". */
export function aboutLeft(seconds: number): string {
  if (seconds < 5) return "a few seconds left";
  if (seconds < 57.5) return `about ${Math.ceil(seconds / 5) * 5} s left`;
  if (seconds < 570) return `about ${Math.max(1, Math.round(seconds / 30) / 2)} min left`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min left`;
  return `about ${Math.round(seconds / 1800) / 2} h left`;
}
