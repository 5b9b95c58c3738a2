"""DAPI image to nuclei: segment, split what touches, flag what should not be scored."""

from fishcount.nuclei.result import Nuclei
from fishcount.nuclei.segment import nuclei_from_labels, segment_nuclei
from fishcount.nuclei.select import select_nuclei

__all__ = ["Nuclei", "nuclei_from_labels", "segment_nuclei", "select_nuclei"]
