"""Run a command that ends when the process that asked for it ends.

    python -I -S launcher.py PARENT_PID COMMAND [ARGUMENT...]

A file of its own on the standard library alone: it becomes the command (same process
id), so it costs a few milliseconds at the start and no memory afterwards, and nothing
of Linkway is imported between the fork and the exec.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
"""From Linux's <sys/prctl.h>."""


def end_with(parent: int) -> None:
    """Have this process, whatever it becomes, killed when ``parent`` ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        watch(parent)
    if os.getppid() != parent:  # it ended before the kernel was told
        sys.exit(1)


def watch(parent: int, every: float = 0.5) -> None:
    """Leave a companion behind that looks every so many seconds whether ``parent`` lives.

    For systems whose kernel offers nothing better. The companion ends with the command.
    """
    command = os.getpid()
    if os.fork():
        return
    while os.getppid() == command:
        try:
            os.kill(parent, 0)
        except ProcessLookupError:
            os.killpg(command, signal.SIGKILL)
        time.sleep(every)
    os._exit(0)


if __name__ == "__main__":
    end_with(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - becoming the command is the purpose
