/** Put text on the clipboard; false where the browser does not allow it. */
export async function copy(words: string): Promise<boolean> {
  try {
    // Only secure pages have it, which a notebook server on plain http elsewhere is not.
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    return copyByHand(words);
  }
}

function copyByHand(words: string): boolean {
  const before = document.activeElement;
  const field = document.createElement("textarea");
  field.value = words;
  field.style.cssText = "position:fixed;opacity:0";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  return done;
}
