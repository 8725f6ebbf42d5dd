// What a reader asks of the log: the words or the pattern, the level, and whose lines.

import { attribute, children, h, icon, on, text } from "../dom";
import type { Logbook, LogSource } from "../logbook";
import type { LogQuery } from "../logfilter";
import type { Level } from "../messages";

const LEVEL_LABELS: Record<Level, string> = {
  DEBUG: "All levels",
  INFO: "Info and above",
  WARN: "Warnings and errors",
  ERROR: "Errors",
};
const SOURCE_LABELS: Record<LogSource | "", string> = {
  "": "All sources",
  run: "The run",
  logcat: "Logcat",
};

export class LogTools {
  readonly #search = h("input", {
    class: "xm-input",
    type: "search",
    placeholder: "Filter",
    "aria-label": "Filter the log",
    "data-lm-suppress-shortcuts": "true",
    spellcheck: "false",
  });
  readonly #pattern = h(
    "button",
    {
      type: "button",
      class: "xm-button xm-pattern",
      "aria-label": "Regular expression",
      "aria-pressed": "false",
      title: "Read it as a regular expression",
    },
    ".*",
  );
  readonly #level = choice("Level", LEVEL_LABELS);
  readonly #source = choice("Source", SOURCE_LABELS);
  readonly #device = choice("Device", {});
  readonly #module = choice("Module", {});
  readonly #problem = h("p", { class: "xm-log-problem", role: "status" });
  readonly element = h(
    "div",
    { class: "xm-log-tools", role: "group", "aria-label": "Log filters" },
    h("span", { class: "xm-search" }, icon("search"), this.#search, this.#pattern),
    this.#level,
    this.#module,
    this.#device,
    this.#source,
    this.#problem,
  );

  constructor(asked: () => void, leave: () => void, signal: AbortSignal) {
    this.#problem.hidden = true;
    on(this.#search, "input", signal, asked);
    for (const select of [this.#level, this.#source, this.#device, this.#module]) on(select, "change", signal, asked);
    on(this.#pattern, "click", signal, () => {
      attribute(this.#pattern, "aria-pressed", String(!this.#isPattern));
      asked();
    });
    on(this.#search, "keydown", signal, (event) => {
      if (event.key === "Enter" || event.key === "ArrowDown") {
        event.preventDefault();
        leave();
      }
    });
  }

  get query(): LogQuery {
    return {
      level: this.#level.value as Level,
      source: this.#source.value as LogSource | "",
      device: this.#device.value,
      module: this.#module.value,
      text: this.#search.value,
      pattern: this.#isPattern,
    };
  }

  focus(): void {
    this.#search.focus();
    this.#search.select();
  }

  /** Offer what is in the log, and only where there is a choice. */
  offer(book: Logbook): void {
    fill(this.#device, "All devices", book.devices.list);
    fill(this.#module, "All modules", book.modules.list);
    this.#source.hidden = !book.logcat;
  }

  complain(problem: string): void {
    text(this.#problem, problem);
    this.#problem.hidden = problem === "";
    attribute(this.#search, "aria-invalid", problem ? "true" : undefined);
  }

  get #isPattern(): boolean {
    return this.#pattern.getAttribute("aria-pressed") === "true";
  }
}

function choice(label: string, options: Record<string, string>): HTMLSelectElement {
  return h(
    "select",
    { class: "xm-select", "aria-label": label, "data-lm-suppress-shortcuts": "true" },
    ...Object.entries(options).map(([value, words]) => h("option", { value }, words)),
  );
}

function fill(select: HTMLSelectElement, all: string, names: string[]): void {
  select.hidden = names.length < 2;
  if (select.options.length === names.length + 1) return;
  const { value } = select;
  children(select, [h("option", { value: "" }, all), ...names.map((name) => h("option", { value: name }, name))]);
  select.value = value;
}
