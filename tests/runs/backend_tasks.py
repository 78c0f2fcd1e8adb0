"""What the tests of the back ends have played: functions of a module, so that every worker finds them by name."""

import os
import signal
import time
from pathlib import Path


def square(number):
    """A batch that answers."""
    return number**2


def who():
    """The process that plays."""
    return os.getpid()


def fail():
    """A batch with a defect."""
    return 1 / 0


def linger(seconds):
    """A batch that takes its time."""
    time.sleep(seconds)


def hold(folder, number):
    """A batch that says that it has begun, and ends when it may."""
    (Path(folder) / f"{number}.begun").touch()
    deadline = time.monotonic() + 30.0
    while not (Path(folder) / "go").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return square(number)


def end_own_process():
    """A batch that ends its worker, as the system does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)
