"""Render every service's policy to docs/access.md, or check that the copy is current.

    python deploy/access.py           renew
    python deploy/access.py --check   fail if a policy says something else

The tables are those that the services enforce: see shared/policy.py. No server is needed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from deploy.contracts import NOWHERE, SERVICES
from shared.policy import Role, Row

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "access.md"

_HEAD = """\
# Who may do what

Rendered from the policy tables that the services enforce (`services/*/domain/policy.py`) by
`make contracts`; `make check` fails where this page says something else.

A row is an operation, a column a role. A cell says what someone in that role must **be** to the
record and, after an arrow, how much they then **see**; *any* is anyone of the tenant, **no** is
refused (403), whatever the record. Where a cell is filled and the asker is none of what it says,
the record is not there for them (404), in the same words as for one that never was. Records of
another tenant are never there: every query begins with the tenant.

Roles come from the token, whose claims a mapping in configuration reads. A partner's client is
besides held to the scopes of its token.
"""


def page() -> str:
    """The whole page."""
    os.environ.update(NOWHERE)
    policies = {name: import_module(f"services.{name}.domain.policy").POLICY for name in SERVICES}
    apps = {name: import_module(f"services.{name}.app").create_app() for name in SERVICES}
    parts = [_HEAD]
    for name, policy in policies.items():
        parts += [f"## The {name} service\n", *_matrices(list(policy), _summaries(apps[name]))]
        if policy.remarks:
            parts.append("".join(f"- {remark}\n" for remark in policy.remarks))
        parts.append(_legend(policy.words))
    shared = {
        row.operation: row
        for name, app in apps.items()
        for row in app.state.policy
        if row.operation not in policies[name]
    }
    said = {operation: words for app in apps.values() for operation, words in _summaries(app)}
    parts += ["## In every service\n", *_matrices(list(shared.values()), said.items())]
    return "\n".join(parts)


def _summaries(app: Any) -> Sequence[tuple[str, str]]:
    return [
        (f"{method.upper()} {path}", operation["summary"])
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    ]


def _matrices(rows: Sequence[Row], summaries: Any) -> Iterator[str]:
    """A table of those with a token, with the roles that any of them names; then the public."""
    said = dict(summaries)
    closed = [row for row in rows if not row.is_public]
    roles = [role.value for role in Role if any(role.value in row.roles for row in closed)]
    if closed:
        heads = [role.replace("_", " ") for role in roles]
        lines = [f"| operation | {' | '.join(heads)} |", "|---" * (len(roles) + 1) + "|"]
        for row in closed:
            name = f"`{row.operation}`"
            if row.operation in said:
                name = f"{said[row.operation]}<br>{name}"
            cells = [_cell(row.sights.get(role)) for role in roles]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        yield "\n".join(lines) + "\n"
    public = [row for row in rows if row.is_public]
    if public:
        yield "Without a token:\n"
        lines = ["| operation | what protects it |", "|---|---|"]
        lines += [f"| `{row.operation}` | {row.protected_by} |" for row in public]
        yield "\n".join(lines) + "\n"


def _cell(granted: Mapping[str, Any] | None) -> str:
    if granted is None:
        return "no"
    by_sight: dict[str, list[str]] = {}
    for relation, sees in granted.items():
        word = "any" if relation == "tenant" else relation
        by_sight.setdefault("" if sees is None else f" → {sees.value}", []).append(word)
    return "<br>".join(", ".join(words) + sight for sight, words in by_sight.items())


def _legend(words: Mapping[str, str]) -> str:
    told = {name: meaning for name, meaning in words.items() if name != "tenant"}
    return "".join(f"- *{name}*: {meaning}\n" for name, meaning in told.items())


def main() -> int:
    """Renew or check; the exit status is 1 where the page is out of date."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        sys.stdout.write("The access page is current.\n")
        return 0
    sys.stdout.write("docs/access.md is not what the policies say: `make contracts`.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
