// What the widget of an execution does for the widgets of its parts, which have no stream of their own.

import type { PartName } from "./views/parts";

export interface Exports {
  /** Show a part in an element, until the signal. */
  show(part: PartName, el: HTMLElement, signal: AbortSignal): void;
}
