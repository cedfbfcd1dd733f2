"""Reports: what each case counts for, the roll-ups, and what of them may be shown."""

from services.outcomes.domain.reports.asking import Question, Scope, ask
from services.outcomes.domain.reports.case import Case, Contribution
from services.outcomes.domain.reports.cells import Cell, Deltas, add, add_up, cell_id, empty_cell
from services.outcomes.domain.reports.contribution import contribution, waits_to_be_counted
from services.outcomes.domain.reports.facts import (
    forget,
    note_assessment,
    note_contact,
    note_goal,
    note_profile,
    note_referral,
    note_unmet,
    note_wellbeing,
    opens_case,
)
from services.outcomes.domain.reports.ledger import (
    Batch,
    Entry,
    Ledger,
    RecountOrder,
    counted_in,
    entries_of,
)
from services.outcomes.domain.reports.paging import Place, read_place, write_place
from services.outcomes.domain.reports.subjects import CAVEATS, SUBJECTS, By, SubjectName
from services.outcomes.domain.reports.table import (
    Counts,
    Key,
    Line,
    Table,
    count,
    lines_of,
    totals_of,
)
from services.outcomes.domain.reports.tree import Tree, note_organisation

__all__ = [
    "CAVEATS",
    "SUBJECTS",
    "Batch",
    "By",
    "Case",
    "Cell",
    "Contribution",
    "Counts",
    "Deltas",
    "Entry",
    "Key",
    "Ledger",
    "Line",
    "Place",
    "Question",
    "RecountOrder",
    "Scope",
    "SubjectName",
    "Table",
    "Tree",
    "add",
    "add_up",
    "ask",
    "cell_id",
    "contribution",
    "count",
    "counted_in",
    "empty_cell",
    "entries_of",
    "forget",
    "lines_of",
    "note_assessment",
    "note_contact",
    "note_goal",
    "note_organisation",
    "note_profile",
    "note_referral",
    "note_unmet",
    "note_wellbeing",
    "opens_case",
    "read_place",
    "totals_of",
    "waits_to_be_counted",
    "write_place",
]
