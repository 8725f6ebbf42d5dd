"""A lab whose main thread computes in pure Python, in a process of its own as a notebook's kernel is.

It says where the run is to be followed, waits for a line, computes for so many seconds, and says from when to
when (monotonic) it did, and how the run ended.
"""

import sys
import time
from pathlib import Path

import execmon_lab as em


@em.module(timeout=60)
def talking_module(ctx: em.Context) -> None:
    while True:
        ctx.log.info("still here")
        ctx.sleep(0.5)


def main(history: str, seconds: str) -> None:
    with em.Lab(history=Path(history)) as lab:
        run = lab.start(em.Plan([talking_module]))
        print(run.url, lab.serials[0], flush=True)
        sys.stdin.readline()
        begun = time.monotonic()
        while (ended := time.monotonic()) < begun + float(seconds):
            pass
        print(begun, ended, run.state.status, flush=True)
        run.cancel()
        run.wait(30)


if __name__ == "__main__":
    main(*sys.argv[1:])
