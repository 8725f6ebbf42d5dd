// The stretch of time that a timeline shows, and its axis. All times are ms since the epoch.

import { clock } from "./format";

export interface Window {
  from: number;
  to: number;
}

/** The least that can be zoomed to. */
export const LEAST_MS = 200;
const STEPS_MS = [
  ...[10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12, 24].map((hours) => hours * 3_600_000),
];

export interface Tick {
  at: number;
  label: string;
}

/** Where a moment lies, in pixels. */
export function toX(window: Window, width: number, at: number): number {
  return ((at - window.from) / (window.to - window.from)) * width;
}

/** The moment at a place. */
export function toMoment(window: Window, width: number, x: number): number {
  return window.from + (x / Math.max(1, width)) * (window.to - window.from);
}

/** The axis' ticks: time since `origin`, at round values, `gap` pixels apart at least. */
export function ticks(window: Window, origin: number, width: number, gap = 72): Tick[] {
  const least = ((window.to - window.from) * gap) / Math.max(1, width);
  const step = STEPS_MS.find((known) => known >= least) ?? Math.ceil(least / 86_400_000) * 86_400_000;
  const first = Math.max(0, Math.ceil((window.from - origin) / step));
  const last = Math.floor((window.to - origin) / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
    const elapsed = (first + i) * step;
    return { at: origin + elapsed, label: sinceStart(elapsed, step) };
  });
}

/** Elapsed time as finely as a step of the axis needs it: "0:05", "0:05.2", "0:05.25". */
export function sinceStart(elapsed: number, step = 100): string {
  if (step >= 1000) return clock(elapsed / 1000);
  const places = step >= 100 ? 1 : 2;
  const units = Math.round(elapsed / 10 ** (3 - places));
  const parts = 10 ** places;
  return `${clock(Math.floor(units / parts))}.${String(units % parts).padStart(places, "0")}`;
}

/** A length that holds `ms` and grows in large steps, so that what is drawn moves seldom. */
export function roomFor(ms: number): number {
  const [least, growth] = [5_000, 1.25];
  return least * growth ** Math.max(0, Math.ceil(Math.log(ms / least) / Math.log(growth)));
}

/** Show `1 / factor` as much as before, with `around` where it is. */
export function zoomed(window: Window, factor: number, around: number, bounds: Window): Window {
  const length = window.to - window.from;
  const wanted = Math.min(bounds.to - bounds.from, Math.max(LEAST_MS, length / factor));
  const share = (around - window.from) / length;
  return within({ from: around - share * wanted, to: around + (1 - share) * wanted }, bounds);
}

export function panned(window: Window, by: number, bounds: Window): Window {
  return within({ from: window.from + by, to: window.to + by }, bounds);
}

/** Move a window so that it shows a moment, no farther than it must, and a little beyond. */
export function revealing(window: Window, at: number, bounds: Window): Window {
  const margin = (window.to - window.from) * 0.1;
  if (at < window.from) return panned(window, at - margin - window.from, bounds);
  if (at > window.to) return panned(window, at + margin - window.to, bounds);
  return window;
}

/** Keep a window inside of what there is. */
function within(window: Window, bounds: Window): Window {
  const length = Math.min(window.to - window.from, bounds.to - bounds.from);
  const from = Math.max(bounds.from, Math.min(window.from, bounds.to - length));
  return { from, to: from + length };
}
