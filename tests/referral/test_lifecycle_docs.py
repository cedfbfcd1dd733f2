"""docs/lifecycles.md says what the tables say; run this file as a script to write it anew."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import pytest

from services.referral.domain.lifecycle import TABLE
from services.referral.domain.meetings import APPOINTMENTS, SESSIONS

DOCUMENT = Path(__file__).parents[2] / "docs" / "lifecycles.md"

Table = Mapping[StrEnum, Mapping[StrEnum, StrEnum]]

TABLES: Mapping[str, Table] = {
    "referral": TABLE,  # type: ignore[dict-item]  # the three tables have their own words
    "appointment": APPOINTMENTS,  # type: ignore[dict-item]  # as above
    "session": SESSIONS,  # type: ignore[dict-item]  # as above
}


def written(table: Table) -> str:
    """The table as Markdown, and as a picture."""
    lines = ["| status | command → status after |", "|---|---|"]
    for status, row in table.items():
        steps = ", ".join(f"{command} → {after}" for command, after in row.items())
        lines.append(f"| `{status}` | {steps or 'nothing more'} |")
    lines += ["", "```mermaid", "stateDiagram-v2"]
    for status, row in table.items():
        targets: dict[str, list[str]] = {}
        for command, after in row.items():
            if after is not status and command != "enter-in-error":
                targets.setdefault(name(after), []).append(command.value)
        lines += [
            f"    {name(status)} --> {after}: {', '.join(commands)}"
            for after, commands in targets.items()
        ]
    return "\n".join([*lines, "```"])


def name(status: StrEnum) -> str:
    """Mermaid takes no hyphen in a name."""
    return status.value.replace("-", "_")


@pytest.mark.parametrize("which", TABLES)
def test_the_document_says_what_the_table_says(which: str) -> None:
    text = DOCUMENT.read_text()
    found = re.search(rf"<!-- {which} -->\n\n(.*?)\n\n<!-- end -->", text, re.DOTALL)
    assert found, which
    assert found[1] == written(TABLES[which])


def write_anew() -> None:
    """Put the tables as they are now into the document."""
    text = DOCUMENT.read_text()
    for which, table in TABLES.items():
        start = text.index(f"<!-- {which} -->")
        end = text.index("<!-- end -->", start)
        text = f"{text[:start]}<!-- {which} -->\n\n{written(table)}\n\n{text[end:]}"
    DOCUMENT.write_text(text)


if __name__ == "__main__":
    write_anew()
