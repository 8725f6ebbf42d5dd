"""From tokens to the syntax tree, by recursive descent over the POSIX shell grammar.

Source: "Shell Command Language" in POSIX.1-2017, and ``[[ ]]`` and ``(( ))`` as mksh has them.
"""

from __future__ import annotations

import re

from execmon_lab.phone.shell.lexer import Lexer, Token
from execmon_lab.phone.shell.syntax import (
    AndOr,
    Calculation,
    Case,
    Command,
    Condition,
    For,
    Function,
    Group,
    If,
    List,
    Literal,
    Pipeline,
    Redirect,
    Redirected,
    ShellSyntaxError,
    Simple,
    Subshell,
    While,
    Word,
)

MAX_SCRIPT = 1024 * 1024
MAX_DEPTH = 60
REDIRECTS = ("<", ">", ">>", ">|", "<&", ">&", "<>", "<<", "<<-", "<<<", "&>")
_CLOSING = ("then", "else", "elif", "fi", "do", "done", "esac", "}", ")", ";;")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_FUNCTION = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")


def parse(script: str) -> List:
    """Parse a whole script.

    Raises
    ------
    ShellSyntaxError
        With a message in the words of the shell.
    """
    if len(script) > MAX_SCRIPT:
        raise ShellSyntaxError(f"the script is longer than {MAX_SCRIPT} characters")
    parser = _Parser(Lexer(script.replace("\0", ""), _command_substitution))
    try:
        body = parser.list()
    except RecursionError:
        raise ShellSyntaxError("nested too deeply") from None
    if parser.token.text:
        parser.unexpected()
    if parser.lexer.heredocs:
        raise ShellSyntaxError("here document unclosed", incomplete=True)
    return body


def _command_substitution(lexer: Lexer) -> List:
    parser = _Parser(lexer)
    body = parser.list()
    if parser.token.text != ")" or parser.token.word is not None:
        parser.unexpected()
    return body


class _Parser:
    def __init__(self, lexer: Lexer) -> None:
        self.lexer = lexer
        self.token = lexer.next()
        self.depth = lexer.depth

    def advance(self) -> Token:
        token = self.token
        self.token = self.lexer.next()
        return token

    def unexpected(self) -> None:
        text = self.token.text
        if not text:
            raise ShellSyntaxError("unexpected end of file", incomplete=True)
        raise ShellSyntaxError(f"unexpected {'newline' if text == chr(10) else repr(text)}")

    def reserved(self) -> str:
        """The token's text when it can be a reserved word or an operator."""
        word = self.token.word
        return self.token.text if word is None else word.plain or ""

    def expect(self, text: str) -> None:
        if self.reserved() != text:
            self.unexpected()
        self.advance()

    def newlines(self) -> None:
        while self.token.word is None and self.token.text == "\n":
            self.advance()

    def is_operator(self, *texts: str) -> bool:
        return self.token.word is None and self.token.text in texts

    # Lists

    def list(self) -> List:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ShellSyntaxError("nested too deeply")
        found = List()
        self.newlines()
        while self.token.text and self.reserved() not in _CLOSING:
            item = self.and_or()
            found.items.append(item)
            if self.is_operator("&", ";", "\n"):
                item.background = self.advance().text == "&"
                self.newlines()
            else:
                break
        self.depth -= 1
        return found

    def body(self, *ends: str) -> List:
        found = self.list()
        if self.reserved() not in ends or not found.items:
            self.unexpected()
        return found

    def and_or(self) -> AndOr:
        found = AndOr([("", self.pipeline())])
        while self.is_operator("&&", "||"):
            operator = self.advance().text
            self.newlines()
            found.items.append((operator, self.pipeline()))
        return found

    def pipeline(self) -> Pipeline:
        negate = False
        while self.reserved() == "!" and self.token.word is not None:
            negate = not negate
            self.advance()
        commands = [self.command()]
        while self.is_operator("|"):
            self.advance()
            self.newlines()
            commands.append(self.command())
        return Pipeline(commands, negate)

    # Commands

    def command(self) -> Command:
        compound = self.compound()
        if compound is None:
            return self.simple()
        redirects = []
        while (redirect := self.redirect()) is not None:
            redirects.append(redirect)
        return Redirected(compound, redirects) if redirects else compound

    def compound(self) -> Command | None:
        match self.reserved():
            case "(":
                if self.lexer.text.startswith("((", self.token.start) and (found := self.calculation()):
                    return found
                self.advance()
                body = self.body(")")
                self.advance()
                return Subshell(body)
            case "{":
                self.advance()
                body = self.body("}")
                self.advance()
                return Group(body)
            case "if":
                return self.if_()
            case "while" | "until" as word:
                self.advance()
                condition = self.body("do")
                return While(condition, self.do_group(), word == "until")
            case "for":
                return self.for_()
            case "case":
                return self.case()
            case "[[":
                return self.condition()
            case "function":
                self.advance()
                return self.function(self.advance())
        return None

    def calculation(self) -> Command | None:
        back = self.lexer.at
        self.lexer.at = self.token.start + 2
        try:
            body = self.lexer.arithmetic()
        except ShellSyntaxError:
            self.lexer.at = back
            return None
        self.advance()
        return Calculation(body)

    def do_group(self) -> List:
        self.expect("do")
        body = self.body("done")
        self.advance()
        return body

    def if_(self) -> If:
        branches = []
        otherwise = None
        while True:
            self.advance()
            condition = self.body("then")
            self.advance()
            branches.append((condition, self.body("elif", "else", "fi")))
            if self.reserved() != "elif":
                break
        if self.reserved() == "else":
            self.advance()
            otherwise = self.body("fi")
        self.expect("fi")
        return If(branches, otherwise)

    def for_(self) -> For:
        self.advance()
        name = self.reserved()
        if not _IDENTIFIER.match(name):
            self.unexpected()
        self.advance()
        words: list[Word] | None = None
        self.newlines()
        if self.reserved() == "in":
            self.advance()
            words = []
            while self.token.word is not None:
                words.append(self.token.word)
                self.advance()
        if self.is_operator(";"):
            self.advance()
        self.newlines()
        return For(name, words, self.do_group())

    def case(self) -> Case:
        self.advance()
        word = self.token.word
        if word is None:
            self.unexpected()
            raise AssertionError
        self.advance()
        self.newlines()
        self.expect("in")
        self.newlines()
        clauses = []
        while self.reserved() != "esac":
            if self.is_operator("("):
                self.advance()
            patterns = [self._pattern()]
            while self.is_operator("|"):
                self.advance()
                patterns.append(self._pattern())
            self.expect(")")
            clauses.append((patterns, self.list()))
            if self.is_operator(";;"):
                self.advance()
                self.newlines()
            elif self.reserved() != "esac":
                self.unexpected()
        self.advance()
        return Case(word, clauses)

    def _pattern(self) -> Word:
        word = self.token.word
        if word is None:
            self.unexpected()
            raise AssertionError
        self.advance()
        return word

    def condition(self) -> Condition:
        self.advance()
        items: list[Word | str] = []
        while self.reserved() != "]]":
            token = self.token
            if not token.text:
                self.unexpected()
            if token.word is not None:
                items.append(token.word)
            elif token.text != "\n":
                items.append(token.text)
            self.advance()
        self.advance()
        return Condition(items)

    def function(self, name: Token) -> Function:
        if name.word is None or not _FUNCTION.match(name.word.plain or ""):
            raise ShellSyntaxError(f"unexpected {name.text!r}")
        if self.is_operator("("):
            self.advance()
            self.expect(")")
        self.newlines()
        return Function(name.text, self.command())

    def simple(self) -> Command:
        found = Simple([], [], [])
        while True:
            redirect = self.redirect()
            if redirect is not None:
                found.redirects.append(redirect)
                continue
            word = self.token.word
            if word is None:
                break
            assignment = None if found.words else _assignment(word)
            if assignment is not None:
                found.assignments.append(assignment)
                self.advance()
                continue
            if not found.words and self.reserved() in _CLOSING:
                self.unexpected()
            token = self.advance()
            if not found.words and self.is_operator("(") and _FUNCTION.match(word.plain or ""):
                return self.function(token)
            found.words.append(word)
        if not (found.words or found.assignments or found.redirects):
            self.unexpected()
        return found

    def redirect(self) -> Redirect | None:
        fd = None
        plain = self.token.word.plain if self.token.word is not None else None
        if plain is not None and plain.isdecimal() and len(plain) < 3:
            following = self.lexer.text[self.lexer.at : self.lexer.at + 1]
            if following in ("<", ">") and following:
                fd = int(plain)
                self.advance()
        if not self.is_operator(*REDIRECTS):
            return None
        operator = self.advance().text
        target = self.token.word
        if target is None:
            self.unexpected()
            raise AssertionError
        if fd is None:
            fd = 0 if operator.startswith("<") else 1
        redirect = Redirect(fd, operator, target)
        if operator in ("<<", "<<-"):
            literal = any(not isinstance(part, Literal) or part.quoted for part in target.parts)
            delimiter = "".join(part.text for part in target.parts if isinstance(part, Literal))
            redirect.op = "<<"
            self.lexer.heredocs.append((redirect, delimiter, operator == "<<-", literal))
        self.advance()
        return redirect


def _assignment(word: Word) -> tuple[str, bool, Word] | None:
    """``name=value`` as (name, append, value), when the word is one."""
    first = word.parts[0] if word.parts else None
    if not isinstance(first, Literal) or first.quoted:
        return None
    match = _ASSIGNMENT.match(first.text)
    if match is None:
        return None
    rest = first.text[match.end() :]
    return match[1], bool(match[2]), Word(([Literal(rest)] if rest else []) + word.parts[1:])
