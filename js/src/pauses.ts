// The times in which devices waited to be let go, and how long an execution stood still for them.

import { spanOf } from "./cursor";
import type { ExecutionSnapshot, Step } from "./messages";

/** A time in which a device waited, in ms since the epoch; `to` is undefined while it does. */
export interface Rest {
  device: string;
  failure: boolean;
  /** The step that failed, or the one that came next; undefined before the end. */
  step: Step | undefined;
  from: number;
  to: number | undefined;
}

type Stretch = [from: number, to: number];

export function restsOf({ pauses = [], paused = [], steps }: ExecutionSnapshot): Rest[] {
  const stepOf = (id?: string | null) => (id ? steps.find(({ step_id }) => step_id === id) : undefined);
  const over = pauses.map(({ device_id, reason, step_id, started_at, ended_at }) => ({
    device: device_id,
    failure: reason === "failure",
    step: stepOf(step_id),
    from: Date.parse(started_at),
    to: Date.parse(ended_at),
  }));
  const present = paused
    .filter(({ status }) => status === "paused")
    .map(({ device_id, reason, step_id, timestamp }) => ({
      device: device_id,
      failure: reason === "failure",
      step: stepOf(step_id),
      from: Date.parse(timestamp),
      to: undefined,
    }));
  return [...over, ...present];
}

/** "before sms_test_module", "on the failure of call_test_module". */
export function restWords({ failure, step }: Rest): string {
  return `${failure ? "on the failure of" : "before"} ${step?.module_id ?? "the end"}`;
}

/** Milliseconds from the start until `now` in which a device was paused and no step ran on any other. */
export function pausedMs(state: ExecutionSnapshot, now: number): number {
  const start = state.started_at ? Date.parse(state.started_at) : now;
  const rests = united(restsOf(state).map(({ from, to }) => [Math.max(from, start), to ?? now]));
  if (!rests.length) return 0;
  const attempts = state.steps.flatMap((step) => step.attempts.flatMap((attempt) => spanOf(attempt) ?? []));
  const busy = united(attempts.map(({ from, to }) => [from, to ?? now]));
  return length(rests) - shared(rests, busy);
}

/** Milliseconds of a stretch in which one device rested. */
export function restedMs(rests: Rest[], from: number, to: number): number {
  const within = rests.map((rest) => Math.min(rest.to ?? to, to) - Math.max(rest.from, from));
  return within.reduce((sum, ms) => sum + Math.max(0, ms), 0);
}

/** The same time, in stretches that are apart, in order. */
function united(stretches: Stretch[]): Stretch[] {
  const found: Stretch[] = [];
  for (const [from, to] of stretches.filter(([from, to]) => to > from).sort((a, b) => a[0] - b[0])) {
    const last = found.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else found.push([from, to]);
  }
  return found;
}

function length(stretches: Stretch[]): number {
  return stretches.reduce((sum, [from, to]) => sum + to - from, 0);
}

/** How much two lists of stretches have in common. */
function shared(some: Stretch[], others: Stretch[]): number {
  let [sum, i, j] = [0, 0, 0];
  while (i < some.length && j < others.length) {
    const [a, b] = [some[i]!, others[j]!];
    sum += Math.max(0, Math.min(a[1], b[1]) - Math.max(a[0], b[0]));
    if (a[1] < b[1]) i++;
    else j++;
  }
  return sum;
}
