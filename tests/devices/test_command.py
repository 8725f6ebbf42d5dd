"""How a command is written down."""

import shlex

from hypothesis import given
from hypothesis import strategies as st

from execmon_lab.devices.command import Command, shell_line, shell_text


def test_the_log_entry_is_the_specifications() -> None:
    line = shell_line(["input", "tap", "500", "800"])
    command = Command(shell_text(line), timeout=30)
    assert command.message == "Executing ADB command: adb shell input tap 500 800"


def test_a_line_for_the_shell_is_left_as_it_is() -> None:
    assert shell_line("ls | wc -l") == "ls | wc -l"


def test_a_line_with_more_than_words_is_quoted_for_the_hosts_shell() -> None:
    assert shell_text("ls | wc -l") == "adb shell 'ls | wc -l'"


@given(st.lists(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])), min_size=1))
def test_typed_on_the_host_it_reaches_the_device_word_for_word(words: list[str]) -> None:
    _, _, *arguments = shlex.split(shell_text(shell_line(words)))
    # adb joins its arguments with blanks, and the device's shell splits what comes.
    assert shlex.split(" ".join(arguments)) == words
