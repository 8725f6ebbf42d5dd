// An execution's state: the same fold as execmon_lab/state.py, held to it by tests/vectors.
// States are never changed in place, so that a view can tell by identity what is new.

import type {
  ActionCompleted,
  Attempt,
  DeviceStatus,
  ErrorMessage,
  ExecutionPaused,
  ExecutionSnapshot,
  ExecutionStatus,
  Pause,
  PauseSpan,
  ServerMessage,
  Step,
  StepCompleted,
  StepFailed,
  StepStarted,
} from "./messages";

/** Codes of errors that answer one client, and say nothing of the execution (execmon_lab/protocol/codes.py). */
const ANSWERS: ReadonlySet<string> = new Set([
  "INVALID_EXECUTION_ID",
  "UNAUTHORIZED",
  "EXECUTION_NOT_ACTIVE",
  "CONNECTION_LIMIT",
  "PREVIEW_UNAVAILABLE",
  "INVALID_MESSAGE",
  "UNKNOWN_DEVICE",
]);

export function ended(status: ExecutionStatus): boolean {
  return status !== "pending" && status !== "running";
}

/** Take one message in; messages that say nothing of the state give back the same object. */
export function fold(state: ExecutionSnapshot, message: ServerMessage): ExecutionSnapshot {
  switch (message.type) {
    case "execution_state":
      return loaded(message);
    case "execution_progress":
      if (ended(state.status)) return state;
      return running(state, message.timestamp, {
        progress_percentage: Math.max(state.progress_percentage, message.progress_percentage),
        current_step: message.current_step,
      });
    case "device_status":
      return foldDevice(state, message);
    case "log_entry":
      // The device's own log comes late, and by the device's clock.
      return message.source ? state : { ...state, timestamp: timeAfter(state, message.timestamp) };
    case "step_started":
      return foldStarted(state, message);
    case "action_completed":
      return foldAction(state, message);
    case "step_completed":
      return foldCompleted(state, message);
    case "step_failed":
      return foldFailed(state, message);
    case "execution_paused":
      return ended(state.status) ? state : foldPaused(state, message);
    case "execution_resumed":
      return {
        ...state,
        paused: pausesBut(state, message.device_id),
        pauses: pausesOver(state, message.timestamp, message.device_id),
        timestamp: timeAfter(state, message.timestamp),
      };
    case "error":
      return foldError(state, message);
    case "execution_completed":
      if (ended(state.status)) return state;
      return {
        ...state,
        status: message.status,
        current_step: null,
        paused: [],
        pauses: pausesOver(state, message.timestamp),
        duration_seconds: message.duration_seconds,
        report_url: message.report_url,
        timestamp: message.timestamp,
      };
    default:
      return state;
  }
}

function loaded(message: ExecutionSnapshot): ExecutionSnapshot {
  const { session_id: _session, acknowledgement: _acknowledgement, ...state } = message;
  return state;
}

function foldDevice(state: ExecutionSnapshot, message: DeviceStatus): ExecutionSnapshot {
  const { device_id, status, last_seen } = message;
  return { ...state, devices: put(state.devices, { device_id, status, last_seen }, (device) => device.device_id) };
}

function foldStarted(state: ExecutionSnapshot, message: StepStarted): ExecutionSnapshot {
  const step = stepOf(state, message);
  if (ended(state.status) || isPast(step, message.attempt)) return state;
  const begun: Attempt = { attempt: message.attempt, status: "running", started_at: message.timestamp };
  return running(withStep(state, { ...withAttempt(step, begun), status: "running" }), message.timestamp, {
    current_step: message.module_id,
  });
}

function foldAction(state: ExecutionSnapshot, message: ActionCompleted): ExecutionSnapshot {
  const step = state.steps.find((known) => known.step_id === message.step_id);
  const attempt = step && attemptOf(step, message.attempt);
  if (!step || attempt?.status !== "running") return state;
  const { path, status, duration_seconds, timestamp } = message;
  const actions = [...(attempt.actions ?? []), { path, status, duration_seconds, timestamp }];
  return { ...withStep(state, withAttempt(step, { ...attempt, actions })), timestamp: timeAfter(state, timestamp) };
}

function foldCompleted(state: ExecutionSnapshot, message: StepCompleted): ExecutionSnapshot {
  const step = stepOf(state, message);
  const number = message.attempt ?? numberOf(step, message);
  const known = attemptOf(step, number);
  if (known && known.status !== "running") return state;
  const attempt: Attempt = {
    ...(known ?? { attempt: number }),
    status: message.status,
    ended_at: message.timestamp,
    duration_seconds: message.duration_seconds,
    screenshot_url: message.screenshot_url,
    error_message: message.reason ?? null,
    adb_seconds: message.adb_seconds ?? null,
  };
  return running(withStep(state, closed(step, attempt, message.status)), message.timestamp);
}

function foldFailed(state: ExecutionSnapshot, message: StepFailed): ExecutionSnapshot {
  const step = stepOf(state, message);
  const known = attemptOf(step, message.retry_attempt);
  if (known && known.status !== "running") return state;
  const attempt: Attempt = {
    ...(known ?? { attempt: message.retry_attempt }),
    status: "failed",
    ended_at: message.timestamp,
    duration_seconds: message.duration_seconds ?? null,
    error_code: message.error_code,
    error_message: message.error_message,
    traceback: message.traceback ?? null,
    screenshot_url: message.screenshot_url ?? null,
    adb_seconds: message.adb_seconds ?? null,
  };
  const status = message.will_retry ? "running" : "failed";
  return running(withStep(state, closed(step, attempt, status)), message.timestamp);
}

function foldPaused(state: ExecutionSnapshot, message: ExecutionPaused): ExecutionSnapshot {
  const { device_id, status, reason, step_id, timestamp } = message;
  const pause: Pause = { device_id, status, reason, step_id: step_id ?? null, timestamp };
  const known = (state.paused ?? []).some((other) => keyOf(other) === keyOf(pause));
  if (known) return state;
  const pauses = pausesOver(state, timestamp, device_id);
  return { ...state, paused: [...pausesBut(state, device_id), pause], pauses, timestamp };
}

function keyOf({ device_id, status, reason, step_id, timestamp }: Pause): string {
  return JSON.stringify([device_id, status, reason, step_id ?? null, timestamp]);
}

function pausesBut(state: ExecutionSnapshot, device: string): Pause[] {
  return (state.paused ?? []).filter((pause) => pause.device_id !== device);
}

/** The times in which devices waited, once a device, or all of them, wait no more. */
function pausesOver(state: ExecutionSnapshot, now: string, device?: string): PauseSpan[] {
  const over = (state.paused ?? []).flatMap(({ device_id, status, reason, step_id, timestamp }) => {
    if (status !== "paused" || (device !== undefined && device_id !== device)) return [];
    return [{ device_id, reason, step_id: step_id ?? null, started_at: timestamp, ended_at: now }];
  });
  return [...(state.pauses ?? []), ...over];
}

function foldError(state: ExecutionSnapshot, message: ErrorMessage): ExecutionSnapshot {
  if (message.execution_id === undefined || ANSWERS.has(message.code)) return state;
  const { code, timestamp } = message;
  const device_id = message.device_id ?? null;
  const errors = state.errors ?? [];
  const known = errors.some(
    (error) =>
      error.code === code &&
      error.message === message.message &&
      error.timestamp === timestamp &&
      (error.device_id ?? null) === device_id,
  );
  if (known) return state;
  const problem = { code, message: message.message, timestamp, device_id };
  return { ...state, errors: [...errors, problem], timestamp: timeAfter(state, timestamp) };
}

function running(
  state: ExecutionSnapshot,
  now: string,
  changes: Partial<ExecutionSnapshot> = {},
): ExecutionSnapshot {
  const status = ended(state.status) ? state.status : "running";
  return { ...state, ...changes, status, started_at: state.started_at || now, timestamp: timeAfter(state, now) };
}

/** The state's time after a message; what has ended keeps the time of its end. */
function timeAfter(state: ExecutionSnapshot, now: string): string {
  return ended(state.status) ? state.timestamp : now;
}

function stepOf(state: ExecutionSnapshot, message: StepStarted | StepCompleted | StepFailed): Step {
  const { step_id, device_id, module_id } = message;
  const known = state.steps.find((step) => step.step_id === step_id);
  // A step that devices share gets its device when one takes it.
  return known ? { ...known, device_id } : { step_id, device_id, module_id, status: "pending", attempts: [] };
}

function withStep(state: ExecutionSnapshot, step: Step): ExecutionSnapshot {
  return { ...state, steps: put(state.steps, step, (known) => known.step_id) };
}

function attemptOf(step: Step, number: number): Attempt | undefined {
  return step.attempts.find((attempt) => attempt.attempt === number);
}

/** Whether an attempt began before; a closed step is opened again only by a later one. */
function isPast(step: Step, number: number): boolean {
  const open = step.status === "pending" || step.status === "running";
  return open ? attemptOf(step, number) !== undefined : step.attempts.some(({ attempt }) => attempt >= number);
}

/** Which attempt a plain message tells of: one that it told of before, the running one, or the next. */
function numberOf(step: Step, message: StepCompleted): number {
  const told = step.attempts.find(
    ({ status, ended_at }) => status === "running" || (status === message.status && ended_at === message.timestamp),
  );
  return told?.attempt ?? (step.attempts.at(-1)?.attempt ?? 0) + 1;
}

/** The step with an attempt that has ended; its last attempt's outcome is the step's. */
function closed(step: Step, attempt: Attempt, status: Step["status"]): Step {
  const after = withAttempt(step, attempt);
  return after.attempts.at(-1) === attempt ? { ...after, status } : after;
}

function withAttempt(step: Step, attempt: Attempt): Step {
  const attempts = put(step.attempts, attempt, (known) => known.attempt);
  return { ...step, attempts: attempts.sort((a, b) => a.attempt - b.attempt) };
}

/** A copy of the list in which the item replaces the one of its key, or comes last. */
function put<T>(items: T[], item: T, key: (item: T) => unknown): T[] {
  const index = items.findIndex((known) => key(known) === key(item));
  return index < 0 ? [...items, item] : items.with(index, item);
}
