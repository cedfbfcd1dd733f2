"""What the API pages of all services begin with: tokens, examples, errors, repeats, purposes."""

from __future__ import annotations

from shared.audit import PURPOSES

INTRODUCTION = """\
**A token.** Every call carries a bearer token that says who calls: their role and their
organisation. While `make demo` runs, `linkway token --folder .linkway/demo --role ROLE
--organisation ID` prints one (`.venv/bin/linkway`, if that is not on your path). At `/docs`,
press *Authorize* and paste it. Where a token speaks for several roles, `Linkway-Role` names one
(`link_worker`, or `link_worker@team-1`); `Linkway-Tenant` names a tenant that yours has succeeded.

**Examples.** Ids of services and organisations in them are those of the directory that
`make demo` loads: the fictional town of Merrowhaven. Ids that only your own calls make, such as
a case's, are placeholders: put in those you were given.

**Errors** are problem documents (RFC 9457): `detail` says what was wrong, `errors` where.

**Repeats and conflicts.** A command repeated under the same `Idempotency-Key` changes nothing and
gets the first answer. `If-Match` with the `ETag` you read makes sure that you decide on what is
still true.

**Purpose.** What is read and written about persons is audited. The header `Purpose-Of-Use` says
what for, by a code of HL7's PurposeOfUse; without it `CAREMGT` counts. Other codes than these are
refused (422):
""" + "\n".join(f"- `{code}` {words}" for code, words in PURPOSES.items())
"""In Markdown, for whoever opens `/docs` for the first time."""
