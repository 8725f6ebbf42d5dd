// The few helpers that views are written with.

type Child = Node | string;
type Attributes = Record<string, string | number | boolean | undefined>;

/** Make an element; `false` and `undefined` leave an attribute out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) attribute(element, name, value);
  element.append(...children);
  return element;
}

/** Set, change or take away an attribute, touching the page only when it differs. */
export function attribute(element: Element, name: string, value: string | number | boolean | undefined): void {
  if (value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true && !name.startsWith("aria-") ? "" : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/** `Node.TEXT_NODE`. */
const TEXT = 3;

/** Set an element's text, touching the page only when it differs; a text that is there is changed, not replaced. */
export function text(element: Element, value: string): void {
  const { firstChild } = element;
  const only = firstChild?.nodeType === TEXT && firstChild === element.lastChild;
  if (only && firstChild.nodeValue !== value) firstChild.nodeValue = value;
  else if (!only && element.textContent !== value) element.textContent = value;
}

/** Make these the children, in this order; those that stay are not touched, which spares their layout. */
export function children(parent: Element, wanted: Element[]): void {
  const kept = new Set(wanted);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  let next = parent.firstElementChild;
  for (const child of wanted) {
    if (child === next) next = child.nextElementSibling;
    else parent.insertBefore(child, next);
  }
}

const ICONS = {
  pending: '<circle cx="8" cy="8" r="5.25" stroke-dasharray="2.2 1.9"/>',
  running: '<path d="M8 2.75a5.25 5.25 0 1 0 5.25 5.25"/>',
  completed: '<circle cx="8" cy="8" r="5.75"/><path d="m5.4 8.2 1.8 1.8 3.5-3.8"/>',
  failed: '<circle cx="8" cy="8" r="5.75"/><path d="m6 6 4 4m0-4-4 4"/>',
  skipped: '<circle cx="8" cy="8" r="5.75"/><path d="m5.6 5.8 2.2 2.2-2.2 2.2m3.4-4.4 2.2 2.2-2.2 2.2"/>',
  cancelled: '<circle cx="8" cy="8" r="5.75"/><path d="m4 12 8-8"/>',
  warning: '<path d="M8 2.5 14 13H2L8 2.5Z"/><path d="M8 6.8v2.6m0 1.6v.1"/>',
  chevron: '<path d="m6 4 4 4-4 4"/>',
  pick: '<path d="M8 1.8v3.4m0 5.6v3.4M1.8 8h3.4m5.6 0h3.4"/><circle cx="8" cy="8" r="4.2"/>',
  copy: '<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M10.5 5.5V4A1.5 1.5 0 0 0 9 2.5H4A1.5 1.5 0 0 0 2.5 4v5A1.5 1.5 0 0 0 4 10.5h1.5"/>',
  play: '<path d="M5 3.5v9l7.5-4.5L5 3.5Z" fill="currentColor"/>',
  pause: '<path d="M5 3.5h2v9H5zm4 0h2v9H9z" fill="currentColor"/>',
  stop: '<rect x="4" y="4" width="8" height="8" rx="1.5" fill="currentColor"/>',
  picture: '<rect x="2.5" y="3" width="11" height="10" rx="1.5"/><path d="m3 11 3-3 2.5 2.5L11 8l2.5 2.5"/>',
  close: '<path d="m4 4 8 8m0-8-8 8"/>',
  down: '<path d="M8 3v9m-3.5-3.5L8 12l3.5-3.5"/>',
  retry: '<path d="M12.6 6.2A5 5 0 1 0 13 8.6"/><path d="M13 3v3.3H9.7"/>',
  hand: '<path d="M6 8.5V3.6a1.1 1.1 0 0 1 2.2 0V7m0 .2a1 1 0 0 1 2 0v.6m0 0a1 1 0 0 1 2 0V10c0 2.2-1.5 3.8-3.7 3.8-1.7 0-2.6-.6-3.5-1.9L3.4 9.4c-.5-.8.6-1.6 1.3-.9L6 9.9"/>',
  numbers: '<path d="M2.5 11.5a5.6 5.6 0 1 1 11 0"/><path d="m8 10.5 2.6-3.2"/>',
  back: '<path d="M10.5 3.5 4.5 8l6 4.5v-9Z"/>',
  home: '<circle cx="8" cy="8" r="4.6"/>',
  recents: '<rect x="3.6" y="3.6" width="8.8" height="8.8" rx="1.2"/>',
  plus: '<path d="M8 3.5v9M3.5 8h9"/>',
  minus: '<path d="M3.5 8h9"/>',
  fit: '<path d="M2.5 4v8m11-8v8M5 8h6M6.5 6 4.8 8l1.7 2m3-4 1.7 2-1.7 2"/>',
  search: '<circle cx="7" cy="7" r="4"/><path d="m10 10 3.5 3.5"/>',
} as const;

export type IconName = keyof typeof ICONS;

/** A drawing that says nothing to a screen reader: the text beside it does. */
export function icon(name: IconName): HTMLElement {
  const holder = h("span", { class: "xm-icon", "data-icon": name, "aria-hidden": "true" });
  setIcon(holder, name, true);
  return holder;
}

export function setIcon(holder: HTMLElement, name: IconName, force = false): void {
  if (!force && holder.dataset["icon"] === name) return;
  holder.dataset["icon"] = name;
  holder.replaceChildren(drawingOf(name).cloneNode(true));
}

/** Drawings are read once: long tables show many of them. */
const drawings = new Map<IconName, Element>();

function drawingOf(name: IconName): Element {
  let drawing = drawings.get(name);
  if (!drawing) {
    const reader = document.createElement("template");
    reader.innerHTML =
      '<svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5" ' +
      `stroke-linecap="round" stroke-linejoin="round">${ICONS[name]}</svg>`;
    drawing = reader.content.firstElementChild!;
    drawings.set(name, drawing);
  }
  return drawing;
}

/** Listen for as long as the view lives. */
export function on<K extends keyof HTMLElementEventMap>(
  target: HTMLElement,
  event: K,
  signal: AbortSignal,
  handler: (event: HTMLElementEventMap[K]) => void,
): void {
  target.addEventListener(event, handler, { signal });
}
