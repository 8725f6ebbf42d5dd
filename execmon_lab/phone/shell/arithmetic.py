"""Integer arithmetic of ``$((…))``: C's operators over 64-bit numbers."""

from __future__ import annotations

import re
from collections.abc import Callable

_TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|\d+#\w+|\d+|[A-Za-z_]\w*|\*\*|<<=|>>=|\+\+|--|&&|\|\||<<|>>|[-+*/%&|^=!<>]=|[-+*/%&|^=!<>~?:,()])"
)
_BINARY: dict[str, tuple[int, Callable[[int, int], int]]] = {
    "|": (3, lambda a, b: a | b),
    "^": (4, lambda a, b: a ^ b),
    "&": (5, lambda a, b: a & b),
    "==": (6, lambda a, b: int(a == b)),
    "!=": (6, lambda a, b: int(a != b)),
    "<": (7, lambda a, b: int(a < b)),
    "<=": (7, lambda a, b: int(a <= b)),
    ">": (7, lambda a, b: int(a > b)),
    ">=": (7, lambda a, b: int(a >= b)),
    "<<": (8, lambda a, b: a << (b & 63)),
    ">>": (8, lambda a, b: a >> (b & 63)),
    "+": (9, lambda a, b: a + b),
    "-": (9, lambda a, b: a - b),
    "*": (10, lambda a, b: a * b),
    "/": (10, lambda a, b: _divide(a, b)),
    "%": (10, lambda a, b: a - b * _divide(a, b)),
}
_ASSIGN = ("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=")


class ArithmeticFault(Exception):
    """The expression cannot be computed."""


def _divide(a: int, b: int) -> int:
    if b == 0:
        raise ArithmeticFault("zero divisor")
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def wrap(value: int) -> int:
    """A number as a signed one of 64 bits."""
    return (value + 2**63) % 2**64 - 2**63


def evaluate(text: str, get: Callable[[str], str], set_: Callable[[str, str], None]) -> int:
    """Compute an expression.

    Parameters
    ----------
    get, set_
        Read and assign a variable; an unset one reads as empty, which counts as 0.

    Raises
    ------
    ArithmeticFault
        For a syntax error or a division by zero.
    """
    if not text.strip():
        return 0
    evaluator = _Evaluator(_tokens(text), get, set_)
    try:
        value = evaluator.comma()
    except RecursionError:
        raise ArithmeticFault("nested too deeply") from None
    if evaluator.peek():
        raise ArithmeticFault(f"{text.strip()}: unexpected '{evaluator.peek()}'")
    return value


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ArithmeticFault(f"{text}: unexpected '{text[at:].strip()[:1]}'")
        found.append(match[1])
        at = match.end()
    return found


class _Evaluator:
    def __init__(
        self, tokens: list[str], get: Callable[[str], str], set_: Callable[[str, str], None]
    ) -> None:
        self.tokens = tokens[::-1]
        self.get = get
        self.set = set_
        self.skipping = 0

    def peek(self) -> str:
        return self.tokens[-1] if self.tokens else ""

    def take(self, *wanted: str) -> str:
        if self.tokens and self.tokens[-1] in wanted:
            return self.tokens.pop()
        return ""

    def comma(self) -> int:
        value = self.assignment()
        while self.take(","):
            value = self.assignment()
        return value

    def assignment(self) -> int:
        if len(self.tokens) > 1 and self.tokens[-2] in _ASSIGN and _is_name(self.tokens[-1]):
            name, operator = self.tokens.pop(), self.tokens.pop()
            value = self.assignment()
            if operator != "=":
                value = self.apply(operator[:-1], self.variable(name), value)
            return self.store(name, value)
        return self.ternary()

    def ternary(self) -> int:
        condition = self.either()
        if not self.take("?"):
            return condition
        first = self.branch(bool(condition), self.assignment)
        if not self.take(":"):
            raise ArithmeticFault("missing ':'")
        second = self.branch(not condition, self.assignment)
        return first if condition else second

    def branch(self, wanted: bool, parse: Callable[[], int]) -> int:
        self.skipping += not wanted
        try:
            return parse()
        finally:
            self.skipping -= not wanted

    def either(self) -> int:
        value = self.both()
        while self.take("||"):
            other = self.branch(not value, self.both)
            value = int(bool(value or other))
        return value

    def both(self) -> int:
        value = self.binary(3)
        while self.take("&&"):
            other = self.branch(bool(value), lambda: self.binary(3))
            value = int(bool(value and other))
        return value

    def binary(self, floor: int) -> int:
        value = self.unary()
        while (known := _BINARY.get(self.peek())) and known[0] >= floor:
            operator = self.tokens.pop()
            value = self.apply(operator, value, self.binary(known[0] + 1))
        return value

    def apply(self, operator: str, a: int, b: int) -> int:
        if self.skipping:
            return 0
        return wrap(_BINARY[operator][1](a, b))

    def unary(self) -> int:
        if operator := self.take("++", "--"):
            name = self.tokens.pop() if self.tokens else ""
            if not _is_name(name):
                raise ArithmeticFault(f"'{operator}' needs a variable")
            return self.store(name, self.variable(name) + (1 if operator == "++" else -1))
        if operator := self.take("-", "+", "!", "~"):
            value = self.unary()
            return {"-": -value, "+": value, "!": int(not value), "~": ~value}[operator]
        return self.power()

    def power(self) -> int:
        base = self.primary()
        if self.take("**"):
            exponent = self.unary()
            if not 0 <= exponent <= 64:
                raise ArithmeticFault("exponent out of range")
            return wrap(base**exponent)
        return base

    def primary(self) -> int:
        if self.take("("):
            value = self.comma()
            if not self.take(")"):
                raise ArithmeticFault("missing ')'")
            return value
        token = self.tokens.pop() if self.tokens else ""
        if _is_name(token):
            value = self.variable(token)
            if operator := self.take("++", "--"):
                self.store(token, value + (1 if operator == "++" else -1))
            return value
        return number(token)

    def variable(self, name: str) -> int:
        text = self.get(name).strip()
        return number(text) if text else 0

    def store(self, name: str, value: int) -> int:
        value = wrap(value)
        if not self.skipping:
            self.set(name, str(value))
        return value


def number(text: str) -> int:
    """A constant: decimal, ``0x`` hexadecimal, leading 0 octal, or ``base#digits``."""
    try:
        if len(text) > 70:
            raise ValueError
        if "#" in text:
            base, _, digits = text.partition("#")
            return wrap(int(digits, int(base)))
        sign = -1 if text.startswith("-") else 1
        digits = text.lstrip("+-")
        octal = len(digits) > 1 and digits[0] == "0" and digits.isdecimal()
        return wrap(sign * int(digits, 8 if octal else 0))
    except ValueError:
        raise ArithmeticFault(f"{text}: bad number" if text else "unexpected end of expression") from None


def _is_name(token: str) -> bool:
    return bool(token) and (token[0].isalpha() or token[0] == "_")
