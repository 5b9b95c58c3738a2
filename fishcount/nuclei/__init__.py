"""DAPI image to nuclei: segment, split what touches, flag what should not be scored."""

from fishcount.nuclei.checks import labels_in_pieces
from fishcount.nuclei.field.polarity import edge_curvature
from fishcount.nuclei.figures.flags import flags_of_size
from fishcount.nuclei.focus import dapi_plane
from fishcount.nuclei.geometry.label_runs import LabelRuns
from fishcount.nuclei.result import Nuclei, NucleiTable, OutlinedNuclei
from fishcount.nuclei.segment import nuclei_from_labels, segment_nuclei, segment_windows
from fishcount.nuclei.select import select_nuclei

__all__ = [
    "LabelRuns",
    "Nuclei",
    "NucleiTable",
    "OutlinedNuclei",
    "dapi_plane",
    "edge_curvature",
    "flags_of_size",
    "labels_in_pieces",
    "nuclei_from_labels",
    "segment_nuclei",
    "segment_windows",
    "select_nuclei",
]
