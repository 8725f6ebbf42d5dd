// Characters that take several keys: of an input method, of dead keys, of a choice of emoji.

/** What a canvas that has the focus is typed into; Chromium has it, elsewhere such characters do not come. */
interface EditContext extends EventTarget {
  readonly text: string;
  updateText(start: number, end: number, text: string): void;
  updateSelection(start: number, end: number): void;
}

type Editable = HTMLCanvasElement & { editContext?: EditContext | null };

export class Composing {
  readonly #context: EditContext | undefined;
  #begun = false;

  constructor(
    readonly canvas: Editable,
    readonly type: (text: string) => void,
  ) {
    const { EditContext } = globalThis as { EditContext?: new () => EditContext };
    const context = (this.#context = EditContext && new EditContext());
    context?.addEventListener("compositionstart", () => (this.#begun = true));
    context?.addEventListener("textupdate", () => this.#begun || this.#take());
    context?.addEventListener("compositionend", () => {
      this.#begun = false;
      this.#take();
    });
  }

  switch(on: boolean): void {
    if (!this.#context || on === Boolean(this.canvas.editContext)) return;
    this.canvas.editContext = on ? this.#context : null;
    this.#begun = false;
  }

  /** Take all that was written: the device keeps the text, not the page. */
  #take(): void {
    const context = this.#context;
    const text = context?.text;
    if (!context || !text) return;
    context.updateText(0, text.length, "");
    context.updateSelection(0, 0); // it stays where it was, behind the end
    this.type(text);
  }
}
