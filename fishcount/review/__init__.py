"""Review without a window: a durable log of edits, its replay, and the result that readers sign.

For research use only. Not for use in diagnostic procedures.
"""

from fishcount.review.actions import (
    AcceptNucleus,
    Action,
    AddSignal,
    DeleteNucleus,
    DeleteSignal,
    DrawNucleus,
    Edit,
    MergeNuclei,
    MergeSignals,
    NoteNucleus,
    ReassignSignal,
    Redo,
    RedrawNucleus,
    RejectNucleus,
    RestoreNucleus,
    SetCopies,
    SplitNucleus,
    SplitSignal,
    Undo,
    parse_action,
)
from fishcount.review.agreement import (
    Agreement,
    BlandAltman,
    bland_altman,
    cohen_kappa,
    compare_readers,
    count_class,
    icc_2_1,
)
from fishcount.review.automatic import Automatic, read_automatic
from fishcount.review.desk import Change, Desk
from fishcount.review.history import History, edit
from fishcount.review.log import (
    LOG_NAME,
    EditLog,
    Event,
    LogContent,
    read_log,
    standing_edits,
)
from fishcount.review.outline import Box, Outline
from fishcount.review.places import nucleus_under, signal_near, signal_place, signals_of
from fishcount.review.readers import same_reader
from fishcount.review.result import (
    Reviewed,
    reviewed_summary,
    score_review,
)
from fishcount.review.rows import Id
from fishcount.review.second_count import SecondCount
from fishcount.review.second_count_log import SECOND_COUNTS, second_count_logs
from fishcount.review.session import Review, replay, replay_folder
from fishcount.review.state import ReviewState
from fishcount.review.tables import reviewed_nuclei, reviewed_signals
from fishcount.review.words import edit_details, edit_words, objects_words
from fishcount.review.worklist import DOUBTS, Doubt, touching_nuclei, worklist
from fishcount.review.worktable import SHOW, Order, Worktable
from fishcount.review.write import reviewed_lines, verify_review, write_reviewed

__all__ = [
    "DOUBTS",
    "LOG_NAME",
    "SECOND_COUNTS",
    "SHOW",
    "AcceptNucleus",
    "Action",
    "AddSignal",
    "Agreement",
    "Automatic",
    "BlandAltman",
    "Box",
    "Change",
    "DeleteNucleus",
    "DeleteSignal",
    "Desk",
    "Doubt",
    "DrawNucleus",
    "Edit",
    "EditLog",
    "Event",
    "History",
    "Id",
    "LogContent",
    "MergeNuclei",
    "MergeSignals",
    "NoteNucleus",
    "Order",
    "Outline",
    "ReassignSignal",
    "Redo",
    "RedrawNucleus",
    "RejectNucleus",
    "RestoreNucleus",
    "Review",
    "ReviewState",
    "Reviewed",
    "SecondCount",
    "SetCopies",
    "SplitNucleus",
    "SplitSignal",
    "Undo",
    "Worktable",
    "bland_altman",
    "cohen_kappa",
    "compare_readers",
    "count_class",
    "edit",
    "edit_details",
    "edit_words",
    "icc_2_1",
    "nucleus_under",
    "objects_words",
    "parse_action",
    "read_automatic",
    "read_log",
    "replay",
    "replay_folder",
    "reviewed_lines",
    "reviewed_nuclei",
    "reviewed_signals",
    "reviewed_summary",
    "same_reader",
    "score_review",
    "second_count_logs",
    "signal_near",
    "signal_place",
    "signals_of",
    "standing_edits",
    "touching_nuclei",
    "verify_review",
    "worklist",
    "write_reviewed",
]
