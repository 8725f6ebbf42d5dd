"""The shell: scripts and what they print."""
# ruff: noqa: E501  a row of a table is a line

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execmon_lab.phone import adbd  # noqa: F401  registers the commands
from execmon_lab.phone.pipe import Null, Sink, Source
from execmon_lab.phone.shell.kernel import ShellKernel
from execmon_lab.phone.shell.parser import parse
from execmon_lab.phone.shell.syntax import ShellSyntaxError
from execmon_lab.phone.system.system import System


def run(script: str, stdin: bytes = b"", deadline: float = 20.0) -> tuple[int, str, str]:
    """Status, output and errors of a script on a fresh phone."""

    async def main() -> tuple[int, str, str]:
        kernel = ShellKernel(System(serial="test"))
        out, err = Sink(), Sink()
        process = kernel.process(
            ["sh", "-c", script], Source(stdin), out, err, uid=2000, cwd="/data/local/tmp"
        )
        try:
            status = await asyncio.wait_for(kernel.call(process), deadline)
        finally:
            await kernel.close()
        return status, out.data.decode(), err.data.decode()

    return asyncio.run(main())


WORDS = [
    ("echo a  b", "a b\n"),
    ("echo 'a  b' \"c  d\" e\\ f", "a  b c  d e f\n"),
    ('echo "\\$x \\" \\\\ \\n"', '$x " \\ \\n\n'),
    ("x=1; echo $x ${x}2 \"$x\" '$x'", "1 12 1 $x\n"),
    ("echo ${x:-default} ${x-unset} [${x:+set}]", "default unset []\n"),
    ("echo ${x:=given} $x", "given given\n"),
    (
        "x=path/to/file.txt; echo ${x##*/} ${x%.*} ${x#*/} ${x%%/*} ${#x}",
        "file.txt path/to/file to/file.txt path 16\n",
    ),
    ("x=banana; echo ${x/a/o} ${x//a/o} ${x:1:3} ${x: -2}", "bonana bonono ana na\n"),
    ("x='a b'; for i in $x; do echo $i; done; for i in \"$x\"; do echo $i; done", "a\nb\na b\n"),
    (
        "set -- one 'two three'; for i in \"$@\"; do echo $i; done; echo $# $2",
        "one\ntwo three\n2 two three\n",
    ),
    ("echo $(echo a; echo b) `echo c` \"$(printf 'd\\ne')\"", "a b c d\ne\n"),
    ("echo $((1 + 2 * 3)) $((7 / 2)) $((-7 % 3)) $((1 << 4 | 1)) $((5 > 3 ? 10 : 20))", "7 3 -1 17 10\n"),
    ("x=5; ((x += 2)); echo $x $((x++)) $x", "7 7 8\n"),
    ("echo {a,b}c {1..3}", "ac bc 1 2 3\n"),
    ("touch b.txt a.txt; echo *.txt '*.txt' no*", "a.txt b.txt *.txt no*\n"),
    ("echo $'a\\tb\\x41'", "a\tbA\n"),
    ("IFS=:; x=a:b::c; for i in $x; do echo [$i]; done", "[a]\n[b]\n[]\n[c]\n"),
    ("cat <<END\n$((1+1)) 'x'\nEND\necho after", "2 'x'\nafter\n"),
    ("cat <<'END'\n$x\nEND", "$x\n"),
    ("cat <<< hello", "hello\n"),
]
FLOW = [
    ("true && echo yes || echo no; false && echo yes || echo no", "yes\nno\n"),
    ("if false; then echo 1; elif true; then echo 2; else echo 3; fi", "2\n"),
    ("for i in 1 2 3 4; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done", "1\n3\n"),
    (
        "i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i; until [ $i -eq 0 ]; do i=$((i-1)); done; echo $i",
        "3\n0\n",
    ),
    ("for i in 1 2; do for j in 1 2; do break 2; done; done; echo $i$j", "11\n"),
    ("case file.txt in *.jpg) echo image;; *.txt|*.md) echo text;; esac", "text\n"),
    ("f() { echo $1 $#; return 3; }; f a b; echo $?", "a 2\n3\n"),
    ("f() { local x=in; echo $x; }; x=out; f; echo $x", "in\nout\n"),
    ("(x=sub; cd /; exit 4); echo $? $x $PWD", "4 /data/local/tmp\n"),
    ("{ echo a; echo b; } | while read -r line; do echo got $line; done", "got a\ngot b\n"),
    ("! true; echo $?; ! false; echo $?", "1\n0\n"),
    ("[[ abc == a* && -n x || 1 -gt 2 ]] && echo match; [[ abc =~ ^a.c$ ]] && echo regex", "match\nregex\n"),
    ("[ -d /data -a ! -e /nope ] && echo ok; test 3 -gt 2; echo $?", "ok\n0\n"),
    ("trap 'echo bye' EXIT; echo hi", "hi\nbye\n"),
    ("sleep 0.05 & wait $!; echo $?", "0\n"),
    ("sleep 100 & kill $!; wait $!; echo $?", "143\n"),
    ("eval 'x=1; echo $x'; echo 'y=2' > s; . ./s; echo $y", "1\n2\n"),
    ("while getopts ab:c o -a -b val -c; do echo $o $OPTARG; done", "a\nb val\nc val\n"),
    ("set -e; false || true; echo here; false; echo not", "here\n"),
    ("x=1 sh -c 'echo $x'; export y=2; sh -c 'echo $y'; z=3; sh -c 'echo [$z]'", "1\n2\n[]\n"),
    ("printf 'a b c\\n' | { read x y; echo $y; }", "b c\n"),
    ("false | true; echo $?; set -o pipefail; false | true; echo $?", "0\n1\n"),
]
STREAMS = [
    ("echo out; echo err >&2", "out\n"),
    ("{ echo out; echo err >&2; } 2>&1 | sort", "err\nout\n"),
    ("echo 1 > f; echo 2 >> f; cat < f", "1\n2\n"),
    ("echo x 2>&1 >/dev/null; echo y", "y\n"),
    ("nosuch 2>/dev/null; echo $?", "127\n"),
    ("exec > f; echo kept; exec >&2; cat f >&2", ""),
    ("yes | head -3", "y\ny\ny\n"),
    ("seq 1000000 | head -1", "1\n"),
    ("cat /dev/zero | head -c 3 | wc -c", "3\n"),
    ("echo abc | tee f | tr a-c A-C; cat f", "ABC\nabc\n"),
]
TOOLS = [
    ("printf 'b 2\\na 10\\nc 1\\n' | sort -k2n", "c 1\nb 2\na 10\n"),
    ("printf 'a\\na\\nb\\n' | sort | uniq -c | tr -s ' '", " 2 a\n 1 b\n"),
    ("printf 'one\\ntwo\\nthree\\n' | grep -n t; printf 'a\\nb\\n' | grep -c a; echo ab | grep -o .", "2:two\n3:three\n1\na\nb\n"),
    ("printf 'a1\\nb2\\n' | grep -E '^[ab][0-9]$' | grep -v a; echo x | grep -q y; echo $?", "b2\n1\n"),
    ("echo hello | sed 's/l/L/2;s/\\(h\\)e/\\1E/'; seq 5 | sed -n '2,3p;$p'; seq 3 | sed 2d", "hEllo\n2\n3\n5\n1\n3\n".replace("hEllo", "hElLo")),
    ("echo a:b:c | cut -d: -f1,3; echo abcdef | cut -c2-3", "a:c\nbc\n"),
    ("printf 'a b\\nc\\n' | xargs echo x; printf '1 2 3' | xargs -n1 echo", "x a b c\n1\n2\n3\n"),
    ("mkdir -p d/e; touch d/e/f d/g; find d -type f | sort; find d -name g -delete; ls d", "d/e/f\nd/g\ne\n"),
    ("echo hi | base64 | base64 -d; echo -n abc | md5sum | cut -c1-8; echo -n abc | sha256sum | cut -c1-8", "hi\n90015098\nba7816bf\n"),
    ("echo 1 > a; cp a b; mv b c; ln -s c l; cat l; readlink l; rm a c; cat l 2>&1", "1\nc\ncat: l: No such file or directory\n"),
    ("dd if=/dev/zero bs=10 count=3 2>/dev/null | wc -c; printf abc | xxd -p", "30\n616263\n"),
    ("chmod 640 /data/local/tmp; stat -c %a .; touch -d @1000 f; stat -c %Y f; basename /a/b.c .c; dirname /a/b", "640\n1000\nb\n/a\n"),
    ("date -u -d @0 +%Y-%m-%dT%H:%M:%S; seq -s, 1 2 5; printf '%03d|%-3s|%x\\n' 7 a 255", "1970-01-01T00:00:00\n1,3,5\n007|a  |ff\n"),
    ("tail -n +2 <<< $'a\\nb'; seq 5 | tail -2 | head -1; printf 'ab\\ncd\\n' | wc -l; echo abc | rev", "b\n4\n2\ncba\n"),
    ("which ls; command -v cd; type nosuch; echo $?", "/system/bin/ls\ncd\nnosuch not found\n1\n"),
    ("id -u; whoami; su 0 id -u; env A=1 printenv A; timeout 0.05 sleep 9; echo $?", "2000\nshell\n0\n1\n124\n"),
    ("log -t tag -p e one; logcat -d -v brief -s tag | grep -c 'E/tag'", "1\n"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "output"), WORDS + FLOW + STREAMS + TOOLS)
def test_script(script: str, output: str) -> None:
    assert run(script)[1] == output


@pytest.mark.parametrize(
    ("script", "status", "error"),
    [
        ("foo", 127, "/system/bin/sh: foo: inaccessible or not found\n"),
        ("./none", 127, "/system/bin/sh: ./none: inaccessible or not found\n"),
        ("/data", 126, "/system/bin/sh: /data: can't execute: Is a directory\n"),
        ("echo x > f; ./f", 126, "/system/bin/sh: ./f: can't execute: Permission denied\n"),
        ("printf 'echo $1; exit 9' > s; chmod +x s; ./s arg", 9, ""),
        ("cd /nope", 2, "/system/bin/sh: cd: /nope: No such file or directory\n"),
        ("cat < /nope", 1, "/system/bin/sh: can't open /nope: No such file or directory\n"),
        ("echo > /system/x", 1, "/system/bin/sh: can't create /system/x: Read-only file system\n"),
        ("cat /nope", 1, "cat: /nope: No such file or directory\n"),
        ("ls -9", 1, "ls: Unknown option '9' (see \"ls --help\")\n"),
        ("echo )", 1, "/system/bin/sh: syntax error: unexpected ')'\n"),
        ("if true", 1, "/system/bin/sh: syntax error: unexpected end of file\n"),
        ("echo $((1/0))", 1, "/system/bin/sh: zero divisor\n"),
        ("set -u; echo $nope", 1, "/system/bin/sh: nope: parameter not set\n"),
        ("readonly x=1; x=2", 1, "/system/bin/sh: x: is read only\n"),
        ("echo ${x?gone}", 1, "/system/bin/sh: x: gone\n"),
        ("exit 300", 44, ""),
    ],
)
def test_faults(script: str, status: int, error: str) -> None:
    found = run(script)
    assert (found[0], found[2]) == (status, error)


def test_standard_input_is_shared_line_by_line() -> None:
    assert run("read a; echo $a; cat", b"one\ntwo\n")[1] == "one\ntwo\n"
    assert run("sh", b"read x\ndata\necho $x\n")[1] == "data\n"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("f() { f; }; f", "recursion too deep"),
        ("f() { f | f; }; f", "can't fork"),
        ("x=aaaaaaaa; while :; do x=$x$x; done", "out of memory"),
        ("yes > /data/local/tmp/full", "No space left on device"),
        ("cat /dev/zero | sort", "out of memory"),
        ("i=0; while [ $i -lt 300 ]; do i=$((i+1)); sleep 100 & done", "can't fork"),
        ("(" * 500 + "echo" + ")" * 500, "nested too deeply"),
    ],
)
def test_what_runs_away_meets_a_bound(script: str, told: str) -> None:
    assert told in run(script)[2]


def test_an_endless_loop_lets_others_run_and_can_be_ended() -> None:
    async def main() -> int:
        kernel = ShellKernel(System(serial="test"))
        loop = kernel.process(["sh", "-c", "while :; do :; done"], Null(), Null(), Null(), uid=2000)
        running = asyncio.create_task(kernel.call(loop))
        turns = 0
        for _ in range(20):
            await asyncio.sleep(0.001)
            turns += 1
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert not list(kernel.system.processes.pids("sh"))
        return turns

    assert asyncio.run(asyncio.wait_for(main(), 20)) == 20


@settings(max_examples=300)
@given(st.text(alphabet="ab $(){}[]'\"`\\|&;<>\n#*?!=-:/1", max_size=40))
def test_any_text_parses_or_is_a_syntax_error(script: str) -> None:
    with contextlib.suppress(ShellSyntaxError):
        parse(script)


@settings(max_examples=100)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0'"), max_size=60))
def test_single_quotes_keep_everything(text: str) -> None:
    assert run(f"printf %s '{text}'")[1] == text
