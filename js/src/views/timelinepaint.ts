// Draws a timeline on a canvas: thousands of bars are too many elements for a page.

import { h } from "../dom";
import type { Bar, Lane, Lanes } from "../lanes";
import type { Rest } from "../pauses";
import { ticks, toMoment, toX, type Window } from "../timescale";

export const AXIS = 20;
/** Room at both ends, so that a mark there is whole. */
export const PAD = 9;
const ROUND = 3;
/** Below this many pixels a bar is a stroke. */
const STROKE = 5;
/** Marks nearer to each other are left out: the bars tell too. */
const MARKS_APART = 12;
const LETTER = 6;
const LABEL_LETTERS = 5;

const TONES = {
  text: "--xm-text",
  faint: "--xm-faint",
  line: "--xm-line",
  surface: "--xm-surface",
  running: "--xm-accent",
  completed: "--xm-good-fill",
  failed: "--xm-bad-fill",
  skipped: "--xm-line-strong",
  retried: "--xm-warn",
} as const;
type Tone = keyof typeof TONES;
export type Palette = Record<Tone, string>;

/** Resolves the theme's colours, which a canvas cannot read by name. */
export class Tones {
  readonly element = h("span", { hidden: true });
  readonly #probes = Object.entries(TONES).map(([tone, name]) => {
    const probe = h("i");
    probe.style.color = `var(${name})`;
    return [tone, probe] as const;
  });

  constructor() {
    this.element.append(...this.#probes.map(([, probe]) => probe));
  }

  palette(): Palette {
    return Object.fromEntries(this.#probes.map(([tone, probe]) => [tone, getComputedStyle(probe).color])) as Palette;
  }
}

export interface Sheet {
  lanes: Lanes;
  window: Window;
  /** Until where running bars reach. */
  now: number;
  ended: boolean;
  width: number;
  laneHeight: number;
  palette: Palette;
  font: string;
}

export function place(sheet: Pick<Sheet, "window" | "width">, at: number): number {
  return PAD + toX(sheet.window, sheet.width - 2 * PAD, at);
}

export function momentAt(sheet: Pick<Sheet, "window" | "width">, x: number): number {
  return toMoment(sheet.window, sheet.width - 2 * PAD, x - PAD);
}

export function paint(context: CanvasRenderingContext2D, sheet: Sheet): void {
  const height = AXIS + sheet.lanes.lanes.length * sheet.laneHeight;
  context.clearRect(0, 0, sheet.width, height);
  context.font = `11px ${sheet.font}`;
  context.textBaseline = "middle";
  paintAxis(context, sheet, height);
  const hatches = new Hatches(context);
  sheet.lanes.lanes.forEach((lane, i) => paintLane(context, sheet, lane, AXIS + i * sheet.laneHeight, hatches));
  for (const error of sheet.lanes.errors) triangle(context, sheet, place(sheet, Date.parse(error.timestamp)), 2);
}

function paintAxis(context: CanvasRenderingContext2D, sheet: Sheet, height: number): void {
  const { lanes, window, width, palette, laneHeight } = sheet;
  context.lineWidth = 1;
  context.strokeStyle = palette.line;
  context.fillStyle = palette.faint;
  context.beginPath();
  for (const { at, label } of ticks(window, lanes.origin, width - 2 * PAD)) {
    const x = Math.round(place(sheet, at)) + 0.5;
    context.moveTo(x, AXIS - 4);
    context.lineTo(x, height);
    const half = context.measureText(label).width / 2;
    const left = Math.min(Math.max(x - half, 2), width - 2 * half - 2);
    context.fillText(label, left, AXIS / 2 - 1);
  }
  for (let i = 0; i <= lanes.lanes.length; i++) {
    const y = AXIS + i * laneHeight - 0.5;
    if (i && i === lanes.lanes.length) break;
    context.moveTo(0, y);
    context.lineTo(width, y);
  }
  context.stroke();
}

function paintLane(context: CanvasRenderingContext2D, sheet: Sheet, lane: Lane, top: number, hatches: Hatches): void {
  const { window, now } = sheet;
  const shown = lane.bars.filter(({ from, to }) => from <= window.to && (to ?? now) >= window.from);
  for (const rest of lane.rests) paintRest(context, sheet, rest, top, hatches);
  let drawn = "";
  for (const bar of shown) {
    const left = place(sheet, bar.from);
    const right = Math.max(left + 1, place(sheet, bar.to ?? now));
    // Of what falls on one pixel, one stroke is enough.
    const key = right - left < 1.5 ? `${Math.round(left)} ${toneOf(bar)}` : "";
    if (key && key === drawn) continue;
    drawn = key;
    paintBar(context, sheet, bar, left, right, top, hatches);
  }
  paintMarks(context, sheet, lane, shown, top);
}

/** A pause is hatched over the whole lane, the other way than a failure, and has no border: nothing ran. */
function paintRest(context: CanvasRenderingContext2D, sheet: Sheet, rest: Rest, lane: number, hatches: Hatches): void {
  const { window, now, laneHeight, palette } = sheet;
  if (rest.from > window.to || (rest.to ?? now) < window.from) return;
  const left = Math.max(place(sheet, rest.from), 0);
  const width = Math.max(1, Math.min(place(sheet, rest.to ?? now), sheet.width) - left);
  context.save();
  context.fillStyle = palette.retried;
  context.globalAlpha = 0.07;
  context.fillRect(left, lane, width, laneHeight - 1);
  context.fillStyle = hatches.of(palette.retried, -1);
  context.globalAlpha = 0.4;
  context.fillRect(left, lane, width, laneHeight - 1);
  context.restore();
}

function toneOf(bar: Bar): Tone {
  return bar.retried ? "retried" : bar.attempt.status;
}

function paintBar(
  context: CanvasRenderingContext2D,
  sheet: Sheet,
  bar: Bar,
  left: number,
  right: number,
  lane: number,
  hatches: Hatches,
): void {
  const { laneHeight, palette } = sheet;
  const tone = palette[toneOf(bar)];
  // What failed and was tried again stands lower than what counts in the end.
  const height = bar.retried ? laneHeight - 16 : laneHeight - 10;
  const top = lane + (bar.retried ? 6 : 3);
  const width = right - left;
  if (width < STROKE) {
    context.globalAlpha = 0.9;
    context.fillStyle = tone;
    context.fillRect(left, top, Math.max(1, width - 0.5), height);
    context.globalAlpha = 1;
    return;
  }
  context.save();
  context.beginPath();
  context.roundRect(left + 0.5, top + 0.5, width - 1.5, height - 1, ROUND);
  context.fillStyle = tone;
  context.globalAlpha = bar.attempt.status === "skipped" ? 0 : 0.2;
  context.fill();
  if (bar.attempt.status === "failed") {
    context.globalAlpha = 0.5;
    context.fillStyle = hatches.of(tone);
    context.fill();
  }
  context.globalAlpha = 0.6;
  context.strokeStyle = tone;
  context.lineWidth = 1;
  const open = bar.to === undefined;
  if (bar.attempt.status === "skipped" || (open && sheet.ended)) context.setLineDash([3, 2]);
  context.stroke();
  context.clip();
  context.globalAlpha = 1;
  context.fillStyle = tone;
  context.fillRect(left, top, 3, height);
  const begin = Math.max(left, 0) + 8;
  const label = bar.retried ? "" : labelOf(bar, right - begin - 4);
  context.fillStyle = palette.text;
  if (label) context.fillText(label, begin, top + height / 2 + 0.5);
  context.restore();
}

/** As much of a bar's name as it has room for. */
function labelOf({ step, attempt }: Bar, room: number): string {
  const label = attempt.attempt > 1 ? `↻${attempt.attempt} ${step.module_id}` : step.module_id;
  const letters = Math.floor(room / LETTER);
  if (letters >= label.length) return label;
  return letters < LABEL_LETTERS ? "" : `${label.slice(0, letters - 1)}…`;
}

/** Screenshots below the bars, failures on their ends, errors above. */
function paintMarks(context: CanvasRenderingContext2D, sheet: Sheet, lane: Lane, bars: Bar[], top: number): void {
  const { laneHeight, palette } = sheet;
  let last = -Infinity;
  context.lineWidth = 1;
  context.strokeStyle = palette.faint;
  // Where they would stand side by side they say nothing.
  const few = bars.length * MARKS_APART < sheet.width;
  for (const { attempt, to } of few ? bars : []) {
    if (!attempt.screenshot_url || to === undefined) continue;
    const x = place(sheet, to);
    if (x - last < MARKS_APART) continue;
    last = x;
    context.strokeRect(Math.round(x) - 3.5, top + laneHeight - 6.5, 6, 4);
  }
  last = -Infinity;
  for (const bar of bars) {
    if (bar.attempt.status !== "failed" || bar.to === undefined || bar.retried) continue;
    const x = place(sheet, bar.to);
    if (x - last < MARKS_APART) continue;
    last = x;
    cross(context, sheet, x, top + laneHeight / 2 - 2);
  }
  for (const error of lane.errors) triangle(context, sheet, place(sheet, Date.parse(error.timestamp)), top - 3);
}

function cross(context: CanvasRenderingContext2D, { palette }: Sheet, x: number, y: number): void {
  context.beginPath();
  context.arc(x, y, 6, 0, 2 * Math.PI);
  context.fillStyle = palette.failed;
  context.fill();
  context.strokeStyle = palette.surface;
  context.lineWidth = 1.5;
  context.stroke();
  context.beginPath();
  for (const way of [1, -1]) {
    context.moveTo(x - 2.2, y - 2.2 * way);
    context.lineTo(x + 2.2, y + 2.2 * way);
  }
  context.stroke();
}

function triangle(context: CanvasRenderingContext2D, { palette }: Sheet, x: number, top: number): void {
  context.beginPath();
  context.moveTo(x, top);
  context.lineTo(x + 5.5, top + 9);
  context.lineTo(x - 5.5, top + 9);
  context.closePath();
  context.fillStyle = palette.retried;
  context.fill();
  context.strokeStyle = palette.surface;
  context.lineWidth = 1.2;
  context.stroke();
  context.beginPath();
  context.moveTo(x, top + 3);
  context.lineTo(x, top + 6);
  context.moveTo(x, top + 7.2);
  context.lineTo(x, top + 8);
  context.stroke();
}

/** Slanted lines in a colour: failures and pauses are told without colour too. */
class Hatches {
  readonly #known = new Map<string, CanvasPattern | string>();

  constructor(readonly context: CanvasRenderingContext2D) {}

  /** Upwards, or downwards with -1. */
  of(tone: string, way: 1 | -1 = 1): CanvasPattern | string {
    const key = `${tone} ${way}`;
    const known = this.#known.get(key) ?? this.#make(tone, way);
    this.#known.set(key, known);
    return known;
  }

  #make(tone: string, way: 1 | -1): CanvasPattern | string {
    const tile = h("canvas", { width: 6, height: 6 });
    const context = tile.getContext("2d");
    if (!context) return tone;
    context.strokeStyle = tone;
    context.lineWidth = 1.5;
    context.beginPath();
    for (const x of [-6, 0, 6]) {
      context.moveTo(x - 1, 3 + 4 * way);
      context.lineTo(x + 7, 3 - 4 * way);
    }
    context.stroke();
    return this.context.createPattern(tile, "repeat") ?? tone;
  }
}
