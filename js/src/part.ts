// The entry of a part: it has the widget of its execution, which has the stream and all code, show it.

import type { AnyWidget } from "@anywidget/types";

import type { Exports } from "./exports";
import type { PartName } from "./views/parts";

interface Traits {
  /** The execution's widget, as anywidget refers to it. */
  execution: string;
  part: PartName;
}

const widget: AnyWidget<Traits> = {
  async render({ model, el, signal, host }) {
    const { exports } = await host.getWidget<Exports>(model.get("execution"));
    if (!signal.aborted) exports.show(model.get("part"), el, signal);
  },
};

export default widget;
