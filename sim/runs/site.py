"""`cluster.yaml`: what a site's SLURM wants to be told about the jobs that play a sweep."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError

from sim.parts import Record, Row, dial
from sim.runs import store
from sim.scenario.document import dotted, read_document
from sim.scenario.errors import ScenarioError, problem_at

MEMORY = r"^\d+(\.\d+)? ?(K|M|G|T)i?B$"
WALLTIME = re.compile(r"(?:(?P<days>\d+)-)?(?P<hours>\d{1,4}):(?P<minutes>[0-5]\d):(?P<seconds>[0-5]\d)")
# These words end up in a shell script: no line breaks, quotes or blanks.
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.,:/@+-]+$", max_length=253)]
LEAVE_SHARE = 10  # a worker leaves in order with a tenth of its time to go
LEAVE_S_MAX = 600


def _walltime(text: str) -> str:
    if walltime_s(text) < 60:
        raise ValueError("a job of less than a minute plays nothing")
    return text


def walltime_s(text: str) -> int:
    """Seconds of `hours:minutes:seconds` or `days-hours:minutes:seconds`. Raises ValueError."""
    found = WALLTIME.fullmatch(text)
    if found is None:
        raise ValueError("write it as hours:minutes:seconds or days-hours:minutes:seconds, as in '04:00:00'")
    days, hours, minutes, seconds = (int(found[name] or 0) for name in ("days", "hours", "minutes", "seconds"))
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


class Site(Record):
    """One job's request, and how its workers find the scheduler that this process runs."""

    queue: Word | None = dial(None, "partition; default: the site's")
    account: Word | None = dial(None, "account that is charged; default: the site's")
    walltime: Annotated[str, AfterValidator(_walltime)] = dial(
        "01:00:00", "time of a job", unit="hours:minutes:seconds"
    )
    memory: Annotated[str, Field(pattern=MEMORY)] = dial("2GB", "memory of a job", unit="KB to TB")
    workers_a_job: int = dial(1, "processes of a job, one core each", ge=1, le=1_024)
    interface: Word | None = dial(None, "network interface that nodes reach each other by, as in ib0")
    host: Word | None = dial(None, "address of this machine that nodes reach; default: of the interface")
    python: Word | None = dial(None, "Python on the nodes; default: the one that runs here")
    scratch: Word | None = dial(None, "folder on each node for Dask's own files; default: its temporary one")
    prologue: Row[str] = dial((), "shell lines before the worker starts, as in `module load python`", max_length=100)
    directives: Row[str] = dial((), "further #SBATCH options, as in `--constraint=haswell`", max_length=100)

    def lifetime_s(self) -> int:
        """Seconds after which a worker leaves in order, so that the end of its job takes no batch along."""
        seconds = walltime_s(self.walltime)
        return seconds - min(seconds // LEAVE_SHARE, LEAVE_S_MAX)

    def stagger_s(self) -> int:
        """Seconds by which the workers' ends are spread, within what is left of the job."""
        return (walltime_s(self.walltime) - self.lifetime_s()) // 2


def read_site(file: Path | None) -> Site:
    """The site of a file; SLURM's own defaults without one. Raises ScenarioError with file, line and column."""
    if file is None:
        return Site()
    if not file.is_file():
        raise store.refuse("site", f"{file} is no file")
    document = read_document(file, str(file))
    try:
        return Site.model_validate(document.tree)
    except ValidationError as error:
        places = [(tuple(item["loc"]), item["msg"]) for item in error.errors(include_url=False)]
        raise ScenarioError(
            [problem_at(document.position(path), dotted(document.tree, path), text) for path, text in places]
        ) from None
