// What a timeline draws of an execution: a lane a device, a bar an attempt, and marks.

import { executionSpan, spanOf } from "./cursor";
import type { Attempt, ExecutionSnapshot, Problem, Step } from "./messages";
import { type Rest, restsOf } from "./pauses";

export interface Bar {
  step: Step;
  attempt: Attempt;
  from: number;
  /** Undefined while it runs. */
  to: number | undefined;
  /** It failed, and the step was tried again. */
  retried: boolean;
}

export interface Lane {
  device: string;
  /** By their beginnings. */
  bars: Bar[];
  /** When it was paused. */
  rests: Rest[];
  /** Errors that were told of the device: lost, past its time. */
  errors: Problem[];
}

export interface Lanes {
  /** When the execution began; the first thing heard of, where that was not told. */
  origin: number;
  lanes: Lane[];
  /** Errors of no one device. */
  errors: Problem[];
  /** The moments at which something happened, in order. */
  moments: number[];
  /** The moments among them at which something failed. */
  failures: number[];
}

/** A step's bars are made once for as long as the step is the same object. */
const known = new WeakMap<Step, Bar[]>();

export function lanesOf(state: ExecutionSnapshot): Lanes {
  const lanes = new Map<string, Lane>();
  const lane = (device: string) => {
    const found = lanes.get(device) ?? { device, bars: [], rests: [], errors: [] };
    lanes.set(device, found);
    return found;
  };
  for (const { device_id } of state.devices) lane(device_id);
  for (const step of state.steps) {
    const bars = barsOf(step);
    if (bars.length) lane(step.device_id).bars.push(...bars);
  }
  for (const rest of restsOf(state)) lane(rest.device).rests.push(rest);
  const unplaced: Problem[] = [];
  for (const error of state.errors ?? []) {
    const place = error.device_id && lanes.get(error.device_id);
    (place ? place.errors : unplaced).push(error);
  }
  const all = [...lanes.values()];
  for (const { bars } of all) bars.sort((a, b) => a.from - b.from);
  return { lanes: all, errors: unplaced, ...momentsOf(state, all) };
}

function barsOf(step: Step): Bar[] {
  let bars = known.get(step);
  if (!bars) {
    const last = step.attempts.at(-1);
    bars = step.attempts.flatMap((attempt) => {
      const span = spanOf(attempt);
      return span ? [{ step, attempt, ...span, retried: attempt !== last && attempt.status === "failed" }] : [];
    });
    known.set(step, bars);
  }
  return bars;
}

function momentsOf(state: ExecutionSnapshot, lanes: Lane[]): Pick<Lanes, "origin" | "moments" | "failures"> {
  const bars = lanes.flatMap((lane) => lane.bars);
  const errors = (state.errors ?? []).map((error) => Date.parse(error.timestamp));
  const failed = bars.flatMap(({ attempt, to }) => (attempt.status === "failed" && to !== undefined ? [to] : []));
  const span = executionSpan(state);
  const spans = [...bars, ...lanes.flatMap((lane) => lane.rests)];
  const moments = sorted([...spans.flatMap(({ from, to }) => (to === undefined ? [from] : [from, to])), ...errors]);
  const origin = span?.from ?? moments[0] ?? Date.parse(state.timestamp);
  return { origin, moments, failures: sorted([...failed, ...errors]) };
}

function sorted(moments: number[]): number[] {
  return [...new Set(moments)].sort((a, b) => a - b);
}

/** The next moment of a sorted list in a direction; undefined when there is none. */
export function neighbour(moments: number[], at: number, direction: 1 | -1): number | undefined {
  return direction > 0 ? moments.find((moment) => moment > at) : moments.findLast((moment) => moment < at);
}

/** The bar of a lane that a moment falls into: the latest begun, for the next may begin as one ends. */
export function barAt(lane: Lane, at: number, now: number, slack = 0): Bar | undefined {
  return lane.bars.findLast(({ from, to }) => from - slack <= at && at <= (to ?? now) + slack);
}

/** The pause of a lane that a moment falls into. */
export function restAt(lane: Lane, at: number, now: number): Rest | undefined {
  return lane.rests.findLast(({ from, to }) => from <= at && at <= (to ?? now));
}
