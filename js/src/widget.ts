// The widget's entry: one store a model, one view a place where it is shown.

import type { AnyModel, AnyWidget } from "@anywidget/types";

import { CommSource } from "./comm";
import type { ExecutionSnapshot } from "./messages";
import { Store } from "./store";
import "./style.css";
import { ExecutionView } from "./views/view";

interface Traits {
  server_url: string | null;
  may_cancel: boolean;
  /** What a saved notebook keeps: the last state; empty while the execution runs. */
  saved: ExecutionSnapshot | Record<string, never>;
}

const widget: AnyWidget<Traits> = () => {
  let store: Store;
  return {
    initialize({ model, signal }) {
      const source = new CommSource(model as AnyModel, model.get("server_url"), model.get("may_cancel"));
      const saved = model.get("saved");
      store = new Store(source, "type" in saved ? (saved as ExecutionSnapshot) : undefined);
      signal.addEventListener("abort", () => source.close());
    },
    render({ el, signal }) {
      el.append(new ExecutionView(store, signal).element);
    },
  };
};

export default widget;
