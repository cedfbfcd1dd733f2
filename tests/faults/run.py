"""Break every part on purpose, under load, and compare all that was acknowledged.

    make faults                                  # everything; an hour or two on two cores
    make faults ARGS="--short"                   # each fault a few times, about ten minutes
    make faults ARGS="--only kill-services --seed 7"
    make faults ARGS=--list

Needs Java 17 and Maven (Apache Kafka) and Linux; partitions and full disks need root, the
moved clock a C compiler. What cannot run here is named and left out.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.faults.fault import Fault, Run
from tests.faults.kinds import FAULTS
from tests.faults.result import Result, in_words, load, percentile, save, to_markdown

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "faults.md"
KEPT = ROOT / ".linkway" / "faults"


async def main(
    chosen: Sequence[Fault], *, times: Callable[[Fault], int], seed: int, write: bool
) -> bool:
    """Run them one after another, each ``times`` times; gives whether all passed."""
    console = Console()
    # A receiver that hangs on purpose is cut off at the end, and uvicorn tells of it at length.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    passed = True
    for fault in chosen:
        if reason := fault.cannot_run():
            console.print(f"[yellow]left out[/] {fault.title}: {reason}")
            continue
        result = await run_one(console, fault, times=times(fault), seed=seed)
        save(KEPT, result)
        passed = passed and result.passed
    if write:
        order = [fault.name for fault in FAULTS]
        kept = sorted(load(KEPT), key=lambda each: (order.index(each.fault), each.seed))
        fuller = {fault.name: fault.full for fault in FAULTS}
        PAGE.write_text(to_markdown(kept, cores=os.cpu_count() or 1, fuller=fuller))
        console.print(f"Written: {PAGE.relative_to(ROOT)}")
    return passed


async def run_one(console: Console, fault: Fault, *, times: int, seed: int) -> Result:
    """One fault with servers of its own."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    today = datetime.now(UTC).date().isoformat()
    result = Result(
        fault=fault.name, title=fault.title, day=today, load=os.getloadavg()[0], seed=seed
    )
    started = time.monotonic()
    with TemporaryDirectory() as folder, Progress(*columns, console=console) as progress:
        task = progress.add_task(fault.title, total=times)

        def progressed() -> None:
            progress.advance(task)
            if not console.is_terminal:
                console.print(f"  {result.counts['times']} of {times} done")

        run = Run(
            folder=Path(folder),
            times=times,
            seed=seed,
            result=result,
            progressed=progressed,
        )
        try:
            await fault.run(run)
        except Exception as error:  # noqa: BLE001 - told as this fault's failure; the next ones run
            result.wrong.append(f"the run ended early: {_innermost(error)!r}")
            console.print_exception(max_frames=4)
        _keep_logs(Path(folder), fault)
    result.seconds = time.monotonic() - started
    verdict = "[green]passed[/]" if result.passed else "[red]failed[/]"
    took = result.recoveries
    console.print(
        f"  {verdict}: {in_words(result.done, result.counts)}; {result.acknowledged:,} "
        f"acknowledged, {result.lost} lost, {result.twice} twice, {result.inverted} out of order, "
        f"{result.repeated_records} records and {result.repeated_messages} messages again; "
        f"recovery p50 {percentile(took, 0.5):.1f} s, p99 {percentile(took, 0.99):.1f} s; "
        f"{result.seconds:.0f} s, seed {seed}"
    )
    for sentence in result.wrong:
        console.print(f"    {sentence}")
    return result


def _innermost(error: BaseException) -> BaseException:
    """The first failure of a group of them, however deep it lies."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _keep_logs(folder: Path, fault: Fault) -> None:
    """What the servers and services wrote, beside the result, for whoever looks for the cause."""
    kept = KEPT / "logs" / fault.name
    shutil.rmtree(kept, ignore_errors=True)
    for logs in (folder / "logs").glob("*.log"):
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copy(logs, kept / logs.name)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--list", action="store_true", help="name the faults and end")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="run these alone")
    parser.add_argument("--short", action="store_true", help="each fault a few times")
    parser.add_argument("--times", type=int, metavar="N", help="each fault so often")
    parser.add_argument("--seed", type=int, default=1, help="of all chances (1)")
    parser.add_argument("--no-page", action="store_true", help="leave docs/faults.md as it is")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    given = parse(sys.argv[1:])
    if given.list:
        for each in FAULTS:
            print(f"{each.name:20} {each.title} ({each.full} times)")
        sys.exit(0)
    unknown = set(given.only or ()) - {fault.name for fault in FAULTS}
    if unknown:
        sys.exit(f"There is no fault named {', '.join(sorted(unknown))}; --list names them.")
    wanted = [fault for fault in FAULTS if not given.only or fault.name in given.only]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        good = runner.run(
            main(
                wanted,
                times=lambda fault: given.times or (fault.short if given.short else fault.full),
                seed=given.seed,
                write=not given.no_page,
            )
        )
    sys.exit(0 if good else 1)
