"""What is printed about an import: a table of figures, and the rows to look at."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.console.importing.directory import Outcome
from services.console.importing.loader import Tally
from services.console.importing.run import Report

_SHOWN = 20
_LINES_SHOWN = 5


def print_report(console: Console, report: Report, *, dry_run: bool) -> None:
    """The whole report: figures, bad rows, what was left out, files not read."""
    if report.tallies:
        console.print(_figures(report, dry_run=dry_run))
    for path, tally in report.tallies.items():
        _print_bad(console, path.name, tally)
        for note, lines in tally.notes.items():
            shown = ", ".join(map(str, lines[:_LINES_SHOWN]))
            more = ", ..." if len(lines) > _LINES_SHOWN else ""
            rows = "1 row: line" if len(lines) == 1 else f"{len(lines):,} rows: lines"
            console.print(f"{escape(path.name)}: {escape(note)} ({rows} {shown}{more})")
    if report.refused:
        console.print(f"[bold red]Broken off:[/] {escape(report.refused)}")
    for path in report.passed_over:
        console.print(f"Passed over, of no known format: {escape(path.name)}")
    for path, reason in report.faults:
        console.print(f"[bold red]Not read:[/] {escape(str(path))}: {escape(reason)}")


def _figures(report: Report, *, dry_run: bool) -> Table:
    outcomes: tuple[Outcome, ...] = ("created", "changed", "unchanged")
    if dry_run:
        outcomes = ("checked",)
    table = Table(title="Nothing was sent: a dry run" if dry_run else None, title_justify="left")
    table.add_column("File")
    table.add_column("Records")
    for heading in (*outcomes, "bad", "other areas"):
        table.add_column(heading.capitalize(), justify="right")
    for path, tally in report.tallies.items():
        table.add_section()
        rows = [
            (kind.strip("/"), *(f"{counts[outcome]:,}" for outcome in outcomes))
            for kind, counts in sorted(tally.outcomes.items())
        ]
        first, *rest = rows or [("none", *("0" for _ in outcomes))]
        table.add_row(escape(path.name), *first, f"{len(tally.bad):,}", f"{tally.outside:,}")
        for row in rest:
            table.add_row("", *row)
    return table


def _print_bad(console: Console, name: str, tally: Tally) -> None:
    if not tally.bad:
        return
    table = Table(title=f"Bad rows of {escape(name)}", title_justify="left")
    table.add_column("Line", justify="right")
    table.add_column("Reason")
    for row in tally.bad[:_SHOWN]:
        table.add_row(str(row.line), escape(row.reason))
    console.print(table)
    if len(tally.bad) > _SHOWN:
        console.print(f"... and {len(tally.bad) - _SHOWN:,} more.")
