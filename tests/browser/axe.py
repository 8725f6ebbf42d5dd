"""What axe-core finds wrong with a page, by every rule that it has."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from .jupyterlab import ROOT
from .serving import Missing

AXE = ROOT / "js/node_modules/axe-core/axe.min.js"

#: The rules, by tag: WCAG 2.0 to 2.2 at levels A and AA, and what axe-core holds for good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]

#: What axe-core cannot decide is held against a page, too, but for these.
UNDECIDED = [
    "aria-required-children",  # a log without lines is a grid without rows
    "color-contrast",  # letters in a drawing
    "label-content-name-mismatch",  # ".*" on a button is no word
]

_RUN = """async ([scope, rules, undecided]) => {
    const options = {runOnly: {type: "tag", values: rules}};
    const {violations, incomplete, passes} = await axe.run(scope ?? document, options);
    if (!passes.length) throw new Error("axe-core looked at nothing");
    const found = [...violations, ...incomplete.filter(({id}) => !undecided.includes(id))];
    return found.flatMap(({id, help, nodes}) =>
        nodes.map(({html, target, any, all, none}) => [
            `${id}: ${help}`,
            `  ${target.join(" ")}: ${html.slice(0, 300)}`,
            ...[...any, ...all, ...none].map(({message}) => `  ${message}`),
        ].join("\\n")));
}"""


def violations(page: Page, scope: str | None = None) -> list[str]:
    """Return what axe-core finds, in the elements of a selector or in the whole page.

    Raises
    ------
    Missing
        When axe-core is not installed.
    """
    if not AXE.exists():
        raise Missing(f"{AXE} is not there: run `npm --prefix js ci`")
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text())
    found: list[Any] = page.evaluate(_RUN, [scope, RULES, UNDECIDED])
    return [str(violation) for violation in found]
