"""Named tokens of the server mode."""

import hashlib
import hmac
import logging
from collections.abc import Mapping
from pathlib import Path

log = logging.getLogger(__name__)


class Tokens:
    """Who may come in, by name.

    Only digests are kept. Every comparison takes the same time, whichever token is right and however many are
    wrong.

    Parameters
    ----------
    tokens
        Token by name, for example ``{"ci": "…"}``.

    Raises
    ------
    ValueError
        When there is no token, or an empty one.
    """

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._path: Path | None = None
        self._stamp: tuple[int, int] | None = None
        self._trouble = ""
        self._digests = _digests(tokens)

    @classmethod
    def from_file(cls, path: Path) -> "Tokens":
        """Read tokens from a file, and read it again whenever it changes.

        Parameters
        ----------
        path
            A text file with a name and a token in each line, parted by white space; ``#`` begins a comment.
            A line with one word is a token whose name is ``line-<number>``.

        Raises
        ------
        OSError
            When the file cannot be read.
        ValueError
            When it is no text, or holds no token, a name twice, or a line of more than two words; the message
            holds nothing of what stands there.
        """
        tokens = cls(_read(path))
        tokens._path, tokens._stamp = path, _stamp(path)
        return tokens

    def name_of(self, token: str) -> str | None:
        """Return the name of a token, or None when it is nobody's."""
        self._reload()
        given = _digest(token)
        found = None
        for name, digest in self._digests.items():
            if hmac.compare_digest(given, digest):
                found = name
        return found

    def _reload(self) -> None:
        if self._path is None:
            return
        try:
            stamp = _stamp(self._path)
            if stamp == self._stamp:
                return
            self._digests, self._stamp = _digests(_read(self._path)), stamp
        except (OSError, ValueError) as error:
            # Half written or gone for a moment, or wrong: until it can be read, those read last stay valid.
            if str(error) != self._trouble:
                log.warning("the tokens read before stay valid: %s", error)
            self._trouble = str(error)
        else:
            self._trouble = ""


def _digests(tokens: Mapping[str, str]) -> dict[str, bytes]:
    if not tokens or not all(tokens.values()):
        raise ValueError("server mode needs at least one token, and none may be empty")
    return {name: _digest(token) for name, token in tokens.items()}


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _read(path: Path) -> dict[str, str]:
    tokens: dict[str, str] = {}
    lines: dict[str, int] = {}
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: this is no text in UTF-8") from error
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) > 2:
            raise ValueError(f"{path}, line {number}: expected a name and a token")
        name = words[0] if len(words) == 2 else f"line-{number}"
        if name in tokens:
            raise ValueError(f"{path}, line {number}: the name is there twice, in line {lines[name]} too")
        tokens[name], lines[name] = words[-1], number
    if not tokens:
        raise ValueError(f"{path}: no token in it; write a name and a token in each line")
    return tokens
