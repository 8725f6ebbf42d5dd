// How times and counts are written.

import type { DeviceState } from "./messages";

export const DEVICE_STATES: Record<DeviceState, string> = {
  available: "ready",
  busy: "in use",
  offline: "offline",
  unauthorized: "not authorized",
};

/** Seconds as a short text: "0.42 s", "12.5 s", "3:07", "1:02:03". */
export function duration(seconds: number): string {
  if (seconds < 1) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  return clock(seconds);
}

/** Seconds as a running clock, which must not dance: "0:07", "3:07", "1:02:03". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (part: number) => String(part).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A timestamp as the time of day where the reader is: "10:30:15.120". */
export function timeOfDay(timestamp: string | number): string {
  const date = new Date(timestamp);
  if (Number.isNaN(date.getTime())) return String(timestamp);
  const two = (part: number) => String(part).padStart(2, "0");
  const ms = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

/** Seconds between two timestamps (or moments in ms), never below zero; undefined when one is no time. */
export function between(from: string | number | null | undefined, to: string | number): number | undefined {
  if (from === null || from === undefined) return undefined;
  const seconds = (moment(to) - moment(from)) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function moment(time: string | number): number {
  return typeof time === "number" ? time : Date.parse(time);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** Bytes a second: "0 B/s", "812 B/s", "41 kB/s", "1.3 MB/s". */
export function rate(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B/s`;
  if (bytes < 999_500) return `${Math.round(bytes / 1000)} kB/s`;
  return `${(bytes / 1_000_000).toFixed(1)} MB/s`;
}
