"""What a client does about each close code, and what is documented of it."""

import re
from pathlib import Path

from execmon_lab.client.errors import FINAL_REFUSALS, RECONNECT, REFUSALS
from execmon_lab.protocol import CloseCode

README = Path(__file__).parents[2] / "README.md"


def rows() -> dict[int, tuple[str, str]]:
    """The README's table: `error.code` and advice, by close code."""
    found: dict[int, tuple[str, str]] = {}
    for line in README.read_text().splitlines():
        if match := re.match(r"\| ([\d, ]+) \| `?(\w*)`? ?\|.*\| (.+) \|$", line):
            for code in match[1].split(", "):
                found[int(code)] = (match[2], match[3])
    return found


def test_every_close_code_is_documented_and_no_other() -> None:
    assert set(rows()) == set(CloseCode) | RECONNECT | {1007}


def test_the_client_does_what_is_documented() -> None:
    advised = {
        code for code, (_, advice) in rows().items() if not advice.startswith(("give up", "be content"))
    }
    assert advised == RECONNECT
    assert all("reconnect" in rows()[code][1] for code in RECONNECT)


def test_refusals_are_documented_with_their_codes() -> None:
    named = {error: code for code, (error, _) in rows().items() if error}
    assert set(named) == REFUSALS
    assert {error for error, code in named.items() if code not in RECONNECT} == FINAL_REFUSALS
