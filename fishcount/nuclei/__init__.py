"""DAPI image to nuclei: segment, split what touches, flag what should not be scored."""

from fishcount.nuclei.result import Nuclei

__all__ = ["Nuclei"]
