"""Results as tables and as the summary of the case folder, which other programs read."""

from fishcount.tables.frames import (
    NUCLEI_COLUMNS,
    NUCLEUS_FIGURES,
    SIGNAL_FIGURES,
    SIGNALS_COLUMNS,
    copy_ratios,
    nuclei_table,
    signals_table,
)
from fishcount.tables.summary import SCHEMA_VERSION, summary_record

__all__ = [
    "NUCLEI_COLUMNS",
    "NUCLEUS_FIGURES",
    "SCHEMA_VERSION",
    "SIGNALS_COLUMNS",
    "SIGNAL_FIGURES",
    "copy_ratios",
    "nuclei_table",
    "signals_table",
    "summary_record",
]
