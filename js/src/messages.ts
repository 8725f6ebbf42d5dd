// The messages of the WebSocket API, as execmon_lab/protocol/messages.py writes them.

export type Level = "DEBUG" | "INFO" | "WARN" | "ERROR";
export type Quality = "low" | "medium" | "high";
export type DeviceState = "available" | "busy" | "offline" | "unauthorized";
export type FinalStatus = "completed" | "failed" | "cancelled";
/** `interrupted` is what a history says of an execution whose process died: no message ever does. */
export type ExecutionStatus = "pending" | "running" | FinalStatus | "interrupted";
export type StepStatus = "pending" | "running" | "completed" | "failed" | "skipped";
export type AttemptStatus = Exclude<StepStatus, "pending">;

export interface Action {
  path: string[];
  status: "completed" | "failed";
  duration_seconds: number;
  timestamp: string;
}

export interface Attempt {
  attempt: number;
  status: AttemptStatus;
  started_at?: string | null;
  ended_at?: string | null;
  duration_seconds?: number | null;
  error_code?: string | null;
  error_message?: string | null;
  traceback?: string | null;
  screenshot_url?: string | null;
  adb_seconds?: number | null;
  actions?: Action[];
}

export interface Step {
  step_id: string;
  device_id: string;
  module_id: string;
  status: StepStatus;
  attempts: Attempt[];
  params?: string;
  /** What it took in earlier runs. */
  expected_seconds?: number;
}

export interface DeviceSummary {
  device_id: string;
  status: DeviceState;
  last_seen: string;
}

export interface Problem {
  code: string;
  message: string;
  timestamp: string;
  device_id?: string | null;
}

/** A device that takes no further step for now: `step_id` is the step that failed, or the next one. */
export interface Pause {
  device_id: string;
  status: "pausing" | "paused";
  reason: "requested" | "failure";
  step_id?: string | null;
  timestamp: string;
}

/** A time in which a device waited, and that is over; `step_id` as of a `Pause`. */
export interface PauseSpan {
  device_id: string;
  reason: "requested" | "failure";
  step_id?: string | null;
  started_at: string;
  ended_at: string;
}

export interface ExecutionSnapshot {
  type: "execution_state";
  execution_id: string;
  status: ExecutionStatus;
  progress_percentage: number;
  current_step: string | null;
  devices: DeviceSummary[];
  steps: Step[];
  errors?: Problem[];
  paused?: Pause[];
  pauses?: PauseSpan[];
  name?: string | null;
  continues?: string | null;
  started_at?: string | null;
  duration_seconds?: number | null;
  report_url?: string | null;
  timestamp: string;
  session_id?: string;
  acknowledgement?: "transport" | "application";
}

export interface ExecutionProgress {
  type: "execution_progress";
  execution_id: string;
  progress_percentage: number;
  current_step: string;
  timestamp: string;
}

export interface DeviceStatus {
  type: "device_status";
  device_id: string;
  status: DeviceState;
  last_seen: string;
}

export interface StepStarted {
  type: "step_started";
  execution_id: string;
  device_id: string;
  step_id: string;
  module_id: string;
  attempt: number;
  timestamp: string;
}

export interface ActionCompleted extends Action {
  type: "action_completed";
  execution_id: string;
  device_id: string;
  step_id: string;
  attempt: number;
}

export interface StepCompleted {
  type: "step_completed";
  execution_id: string;
  device_id: string;
  step_id: string;
  module_id: string;
  status: "completed" | "skipped";
  duration_seconds: number;
  screenshot_url: string | null;
  timestamp: string;
  attempt?: number;
  reason?: string;
  adb_seconds?: number;
  seq?: number;
}

export interface StepFailed {
  type: "step_failed";
  execution_id: string;
  device_id: string;
  step_id: string;
  module_id: string;
  error_code: string;
  error_message: string;
  retry_attempt: number;
  will_retry: boolean;
  timestamp: string;
  duration_seconds?: number;
  screenshot_url?: string | null;
  traceback?: string;
  adb_seconds?: number;
  seq?: number;
}

export interface LogEntry {
  type: "log_entry";
  execution_id: string;
  device_id: string;
  level: Level;
  message: string;
  module_id: string;
  timestamp: string;
  step_id?: string;
  attempt?: number;
  shed?: number;
  /** `logcat` in a line of the device's own log. */
  source?: "logcat";
}

export interface ExecutionPaused extends Pause {
  type: "execution_paused";
  execution_id: string;
}

export interface ExecutionResumed {
  type: "execution_resumed";
  execution_id: string;
  device_id: string;
  timestamp: string;
}

export interface PreviewFrame {
  type: "preview_frame";
  device_id: string;
  frame_data: string;
  width: number;
  height: number;
  timestamp: string;
}

export interface ExecutionCompleted {
  type: "execution_completed";
  execution_id: string;
  status: FinalStatus;
  duration_seconds: number;
  total_steps: number;
  successful_steps: number;
  failed_steps: number;
  report_url: string;
  timestamp: string;
  seq?: number;
}

export interface ErrorMessage {
  type: "error";
  code: string;
  message: string;
  execution_id?: string;
  device_id?: string;
  timestamp: string;
  seq?: number;
}

export type ServerMessage =
  | ExecutionSnapshot
  | ExecutionProgress
  | DeviceStatus
  | StepStarted
  | ActionCompleted
  | StepCompleted
  | StepFailed
  | ExecutionPaused
  | ExecutionResumed
  | LogEntry
  | PreviewFrame
  | ExecutionCompleted
  | ErrorMessage;
