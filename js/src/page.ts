// The page at /watch/<execution_id>: the same view as in a notebook, over the public WebSocket.

import { Address } from "./address";
import { h, on, text } from "./dom";
import { PatternSearch } from "./logpattern";
import type { ExecutionSnapshot } from "./messages";
import "./page.css";
import { SocketSource, type Standing } from "./socket";
import { Store } from "./store";
import { ExecutionView } from "./views/view";

const NAMES = { connecting: "Connecting…", live: "Live", over: "Ended", waiting: "Reconnecting", failed: "Not connected" };

PatternSearch.file = new URL("page.pattern.js", import.meta.url);

const status = h("p", { class: "xw-status", role: "status" });
const again = h("button", { type: "button", class: "xw-again", hidden: true }, "Connect again");
const words = h("p", { class: "xw-words", hidden: true });
const main = h("main");
const life = new AbortController();
const address = new Address(new URL(location.href));
const source = new SocketSource(address, stands, (id) => location.assign(address.page(id)));
let store: Store | undefined;
let view: ExecutionView | undefined;

document.body.append(
  h("header", { class: "xw-bar" }, h("h1", { class: "xw-brand" }, "execmon_lab"), status, again),
  words,
  main,
);
on(again, "click", life.signal, source.connect);
store = new Store(source);
store.add({ update, frame: () => undefined, problem: () => undefined }, life.signal);

/** Shown from the first state on: before, there is nothing to say but how the connection stands. */
function update(): void {
  const state = store?.state;
  if (!store || !state) return;
  if (!view) {
    view = new ExecutionView(store, life.signal);
    main.append(view.element);
  }
  document.title = titleOf(state);
}

function titleOf(state: ExecutionSnapshot): string {
  const failed = state.steps.filter((step) => step.status === "failed").length;
  const done = state.status === "running" ? `${state.progress_percentage} %` : state.status;
  return `${done}${failed ? `, ${failed} failed` : ""} · ${state.name ?? "execution"} · execmon_lab`;
}

function stands(standing: Standing): void {
  text(status, NAMES[standing.kind]);
  status.dataset["kind"] = standing.kind;
  again.hidden = !(standing.kind === "waiting" || (standing.kind === "failed" && standing.again));
  words.hidden = !("words" in standing);
  if (standing.kind === "waiting") {
    text(words, `${standing.words} Trying again in ${standing.seconds} s.`);
  } else if (standing.kind === "failed") {
    text(words, standing.words);
  }
}
