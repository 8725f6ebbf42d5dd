// The widget's entry: one store a model, one view a place where it is shown.

import type { AnyModel, AnyWidget } from "@anywidget/types";

import { showAgain } from "./again";
import { CommSource } from "./comm";
import type { Exports } from "./exports";
import { Store, type Saved } from "./store";
import "./style.css";
import { PartView } from "./views/parts";
import { ExecutionView } from "./views/view";

interface Traits {
  server_url: string | null;
  may_cancel: boolean;
  may_control: boolean;
  control: boolean;
  /** What a saved notebook keeps of an execution that ended. */
  saved: Partial<Saved>;
}

const widget: AnyWidget<Traits> = () => {
  let store: Store;
  return {
    initialize({ model, signal }) {
      const [url, cancel, control] = [model.get("server_url"), model.get("may_cancel"), model.get("may_control")];
      const source = new CommSource(model as AnyModel, url, cancel, control);
      store = new Store(source, model.get("saved"));
      signal.addEventListener("abort", () => source.close());
      return { show: (part, el, shown) => el.append(new PartView(store, part, shown).element) } satisfies Exports;
    },
    render({ model, el, signal, host }) {
      el.append(new ExecutionView(store, signal).element);
      showAgain(model as AnyModel, host, el, signal);
    },
  };
};

export default widget;
