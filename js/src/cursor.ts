// The moment that all views show: now, or one of the past. One a store.

import type { Attempt, ExecutionSnapshot, Step, StepStatus } from "./messages";
import { ended } from "./state";

export class Cursor {
  #at: number | null = null;
  readonly #followers = new Set<() => void>();

  constructor(readonly changed: () => void) {}

  /** Milliseconds since the epoch by the kernel's clock; null is live. */
  get at(): number | null {
    return this.#at;
  }

  get live(): boolean {
    return this.#at === null;
  }

  /** Go to a moment, or back to live with null. */
  set(at: number | null): void {
    if (at === this.#at || Number.isNaN(at)) return;
    this.#at = at;
    for (const follower of this.#followers) follower();
    this.changed();
  }

  /** Hear of each change at once, for what takes its time; all else waits for the repaint. */
  follow(follower: () => void, signal: AbortSignal): void {
    this.#followers.add(follower);
    signal.addEventListener("abort", () => this.#followers.delete(follower));
  }
}

/** A stretch of time in ms since the epoch; `to` is undefined while it goes on. */
export interface Span {
  from: number;
  to: number | undefined;
}

/** An attempt's times are read once for as long as it is the same object: a cursor that moves asks for all of them. */
const spans = new WeakMap<Attempt, Span | undefined>();

/** When an attempt ran; undefined where nothing tells. A plain consumer hears of ends alone. */
export function spanOf(attempt: Attempt): Span | undefined {
  if (!spans.has(attempt)) spans.set(attempt, readSpan(attempt));
  return spans.get(attempt);
}

function readSpan(attempt: Attempt): Span | undefined {
  const to = attempt.ended_at ? Date.parse(attempt.ended_at) : undefined;
  if (attempt.started_at) return { from: Date.parse(attempt.started_at), to };
  return to === undefined ? undefined : { from: to - (attempt.duration_seconds ?? 0) * 1000, to };
}

/** Where a click on an attempt leads: to its failure, or to its beginning. */
export function momentOf(attempt: Attempt): number | undefined {
  const span = spanOf(attempt);
  return attempt.status === "failed" ? (span?.to ?? span?.from) : span?.from;
}

/** When an execution began and ended. */
export function executionSpan(state: ExecutionSnapshot): Span | undefined {
  if (!state.started_at) return undefined;
  const from = Date.parse(state.started_at);
  const over = ended(state.status) && state.duration_seconds != null;
  return { from, to: over ? from + state.duration_seconds! * 1000 : undefined };
}

/**
 * The state as it was at a moment, by what the attempts tell of their beginnings and ends.
 *
 * Devices are as they are now: their past is not kept. What had not changed since is the same object.
 */
export function stateAt(state: ExecutionSnapshot, at: number): ExecutionSnapshot {
  const span = executionSpan(state);
  const steps = state.steps.map((step) => stepAt(step, at));
  const begun = span !== undefined && span.from <= at;
  const over = span?.to !== undefined && span.to <= at;
  const running = steps.findLast((step) => step.status === "running");
  return {
    ...state,
    status: over ? state.status : begun ? "running" : "pending",
    progress_percentage: over ? state.progress_percentage : percentage(steps),
    current_step: over ? null : (running?.module_id ?? null),
    duration_seconds: over ? (state.duration_seconds ?? null) : null,
    steps,
    paused: [],
    errors: (state.errors ?? []).filter((error) => Date.parse(error.timestamp) <= at),
    timestamp: new Date(at).toISOString(),
  };
}

export function stepAt(step: Step, at: number): Step {
  const attempts = step.attempts.flatMap((attempt) => attemptAt(attempt, at) ?? []);
  const same = attempts.length === step.attempts.length && attempts.every((known, i) => known === step.attempts[i]);
  return same ? step : { ...step, attempts, status: statusOf(attempts, step) };
}

function attemptAt(attempt: Attempt, at: number): Attempt | undefined {
  const span = spanOf(attempt);
  if (!span || span.from > at) return undefined;
  if (span.to !== undefined && span.to <= at) return attempt;
  const actions = attempt.actions?.filter((action) => Date.parse(action.timestamp) <= at) ?? [];
  if (attempt.status === "running" && actions.length === (attempt.actions?.length ?? 0)) return attempt;
  return { attempt: attempt.attempt, status: "running", started_at: new Date(span.from).toISOString(), actions };
}

/** Between a failed attempt and the next the step still ran. */
function statusOf(attempts: Attempt[], step: Step): StepStatus {
  const last = attempts.at(-1);
  if (!last) return "pending";
  return last.status === "failed" && attempts.length < step.attempts.length ? "running" : last.status;
}

function percentage(steps: Step[]): number {
  const done = steps.filter(({ status }) => status !== "pending" && status !== "running").length;
  return steps.length ? Math.floor((100 * done) / steps.length) : 0;
}
