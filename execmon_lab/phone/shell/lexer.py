"""From a script's text to tokens: operators, and words with their quotes and expansions taken apart."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from execmon_lab.phone.shell.syntax import (
    Arithmetic,
    CommandSub,
    List,
    Literal,
    Parameter,
    Part,
    Redirect,
    ShellSyntaxError,
    Word,
)

OPERATORS = (
    *("&&", "||", ";;", "<<-", "<<<", "<<", ">>", "<&", ">&", "<>", ">|", "&>"),
    *(";", "&", "|", "(", ")", "<", ">", "\n"),
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAMETER_OPS = (":-", ":=", ":?", ":+", "##", "%%", "//", "-", "=", "?", "+", "#", "%", "/", ":")
_SPECIALS = "?$#@*!-0123456789"
_END = "\0end"

SubParser = Callable[["Lexer"], List]


@dataclass(slots=True)
class Token:
    """An operator (``word`` None), a word, or the end (``text`` empty)."""

    text: str
    word: Word | None = None
    start: int = 0
    spaced: bool = True


@dataclass
class Lexer:
    """A cursor over a script.

    Parameters
    ----------
    parse_list
        Parses commands up to a closing parenthesis; given by the parser for ``$(…)``.
    """

    text: str
    parse_list: SubParser
    at: int = 0
    depth: int = 0
    heredocs: list[tuple[Redirect, str, bool, bool]] = field(default_factory=list)

    def next(self) -> Token:
        """The next token; a newline token also reads the here-documents that begin after it."""
        begin = self.at
        self._skip_blanks()
        start = self.at
        spaced = start > begin
        if self.at >= len(self.text):
            return Token("", None, start, spaced)
        for operator in OPERATORS:
            if self.text.startswith(operator, self.at):
                self.at += len(operator)
                if operator == "\n":
                    self._read_heredocs()
                return Token(operator, None, start, spaced)
        word = self._word()
        return Token(self.text[start : self.at], word, start, spaced)

    def peek_text(self, text: str) -> bool:
        """Whether ``text`` comes next, after blanks."""
        self._skip_blanks()
        return self.text.startswith(text, self.at)

    def arithmetic(self) -> Word:
        """The body of ``((…))``; the cursor stands behind the opening parentheses."""
        start, depth = self.at, 0
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "(":
                depth += 1
            elif char == ")":
                if not depth and self.text.startswith("))", self.at):
                    body = self.text[start : self.at]
                    self.at += 2
                    return self.double_quoted(body)
                depth -= 1
            self.at += 1
        raise ShellSyntaxError("no closing '))'", incomplete=True)

    def double_quoted(self, body: str) -> Word:
        """``body`` as if it stood in double quotes, where quotes are plain characters."""
        inner = Lexer(body + _END, self.parse_list, depth=self.depth + 1)
        word = Word()
        inner._quoted(word, _END, heredoc=True)
        return word

    # Inside

    def _skip_blanks(self) -> None:
        text = self.text
        while self.at < len(text):
            if text[self.at] in " \t\r":
                self.at += 1
            elif text.startswith("\\\n", self.at):
                self.at += 2
            elif text[self.at] == "#":
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            else:
                return

    def _word(self, stop: str = " \t\r\n;&|()<>") -> Word:
        word = Word()
        text = self.text
        while self.at < len(text) and text[self.at] not in stop:
            char = text[self.at]
            if char == "\\":
                if self.at + 1 >= len(text):
                    _add(word, "\\", quoted=True)
                elif text[self.at + 1] != "\n":
                    _add(word, text[self.at + 1], quoted=True)
                self.at += 2
            elif char == "'":
                end = text.find("'", self.at + 1)
                if end < 0:
                    raise ShellSyntaxError("no closing quote", incomplete=True)
                _add(word, text[self.at + 1 : end], quoted=True)
                self.at = end + 1
            elif char == '"':
                self.at += 1
                _add(word, "", quoted=True)
                self._quoted(word, '"')
            elif text.startswith("$'", self.at):
                self._ansi(word)
            elif char in "$`":
                self._expansion(word, quoted=False)
            else:
                _add(word, char, quoted=False)
                self.at += 1
        return word

    def _quoted(self, word: Word, end: str, *, heredoc: bool = False) -> None:
        text = self.text
        while not text.startswith(end, self.at):
            if self.at >= len(text):
                raise ShellSyntaxError("no closing quote", incomplete=True)
            char = text[self.at]
            if char == "\\" and self.at + 1 < len(text):
                follower = text[self.at + 1]
                if follower in ("$`\\" if heredoc else '$`"\\'):
                    _add(word, follower, quoted=True)
                elif follower != "\n":
                    _add(word, char + follower, quoted=True)
                self.at += 2
            elif char in "$`":
                self._expansion(word, quoted=True)
            else:
                _add(word, char, quoted=True)
                self.at += 1
        self.at += len(end)

    def _ansi(self, word: Word) -> None:
        match = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL).match(self.text, self.at)
        if match is None:
            raise ShellSyntaxError("no closing quote", incomplete=True)
        _add(word, unescape(match[1]), quoted=True)
        self.at = match.end()

    def _expansion(self, word: Word, *, quoted: bool) -> None:
        text, start = self.text, self.at
        if text[start] == "`":
            word.parts.append(self._backticks(quoted=quoted))
        elif text.startswith("$((", start) and (part := self._try_arithmetic(quoted=quoted)):
            word.parts.append(part)
        elif text.startswith("$(", start):
            self._check_depth()
            inner = Lexer(text, self.parse_list, start + 2, self.depth + 1)
            body = self.parse_list(inner)
            self.at = inner.at
            word.parts.append(CommandSub(body, quoted))
        elif text.startswith("${", start):
            self.at = start + 2
            word.parts.append(self._braced(quoted=quoted))
        elif match := _NAME.match(text, start + 1):
            self.at = match.end()
            word.parts.append(Parameter(match[0], quoted=quoted))
        elif start + 1 < len(text) and text[start + 1] in _SPECIALS:
            self.at = start + 2
            word.parts.append(Parameter(text[start + 1], quoted=quoted))
        else:
            _add(word, "$", quoted=quoted)
            self.at += 1

    def _try_arithmetic(self, *, quoted: bool) -> Part | None:
        start = self.at
        self.at += 3
        try:
            return Arithmetic(self.arithmetic(), quoted)
        except ShellSyntaxError:
            self.at = start
            return None

    def _backticks(self, *, quoted: bool) -> Part:
        self._check_depth()
        match = re.compile(r"`((?:[^`\\]|\\.)*)`", re.DOTALL).match(self.text, self.at)
        if match is None:
            raise ShellSyntaxError("no closing quote", incomplete=True)
        body = re.sub(r'\\([$`\\"])' if quoted else r"\\([$`\\])", r"\1", match[1])
        self.at = match.end()
        inner = Lexer(body + ")", self.parse_list, depth=self.depth + 1)
        return CommandSub(self.parse_list(inner), quoted)

    def _braced(self, *, quoted: bool) -> Part:
        self._check_depth()
        text = self.text
        length = text.startswith("#", self.at) and not text.startswith("#}", self.at)
        if length:
            self.at += 1
        match = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[?$#@*!-]").match(text, self.at)
        if match is None:
            raise ShellSyntaxError("bad substitution", incomplete=self.at >= len(text))
        self.at = match.end()
        part = Parameter(match[0], "length" if length else "", quoted=quoted)
        if not length and not text.startswith("}", self.at):
            part.op = next((op for op in _PARAMETER_OPS if text.startswith(op, self.at)), "")
            if not part.op:
                raise ShellSyntaxError("bad substitution", incomplete=self.at >= len(text))
            self.at += len(part.op)
            part.word = self._operand("/}" if part.op in ("/", "//") else "}", quoted=quoted)
            if part.op in ("/", "//") and text.startswith("/", self.at):
                self.at += 1
                part.replacement = self._operand("}", quoted=quoted)
        if not text.startswith("}", self.at):
            raise ShellSyntaxError("no closing '}'", incomplete=self.at >= len(text))
        self.at += 1
        return part

    def _operand(self, stop: str, *, quoted: bool) -> Word:
        self.depth += 1
        word = self._word(stop)
        self.depth -= 1
        if quoted:
            for part in word.parts:
                if not isinstance(part, Literal):
                    part.quoted = True
        return word

    def _check_depth(self) -> None:
        if self.depth > 40:
            raise ShellSyntaxError("nested too deeply")

    def _read_heredocs(self) -> None:
        pending, self.heredocs = self.heredocs, []
        for redirect, delimiter, strip, literal in pending:
            lines = []
            while True:
                if self.at >= len(self.text):
                    raise ShellSyntaxError(f"here document '{delimiter}' unclosed", incomplete=True)
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end]
                self.at = min(end + 1, len(self.text))
                if strip:
                    line = line.lstrip("\t")
                if line == delimiter:
                    break
                lines.append(line + "\n")
            body = "".join(lines)
            redirect.target = Word([Literal(body, quoted=True)]) if literal else self.double_quoted(body)


def _add(word: Word, text: str, *, quoted: bool) -> None:
    last = word.parts[-1] if word.parts else None
    if isinstance(last, Literal) and last.quoted == quoted:
        last.text += text
    else:
        word.parts.append(Literal(text, quoted))


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|0?([0-7]{1,3})|(.))", re.DOTALL)


def unescape(text: str) -> str:
    """Backslash escapes as ``echo -e``, ``printf`` and ``$'…'`` know them."""

    def replace(match: re.Match[str]) -> str:
        if match[1]:
            return bytes([int(match[1], 16)]).decode(errors="surrogateescape")
        if match[2]:
            return chr(int(match[2], 16))
        if match[3]:
            return bytes([int(match[3], 8) & 0xFF]).decode(errors="surrogateescape")
        if match[4] in ("\\", "'", '"'):
            return match[4]
        return _ESCAPES.get(match[4], match[0])

    found = _ESCAPE.sub(replace, text)
    return found.encode(errors="surrogateescape").decode(errors="surrogateescape")
