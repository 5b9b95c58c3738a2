"""The face of fishcount in napari: it reads, scores and shows; what it shows, fishcount computes.

For research use only. Not for use in diagnostic procedures.
"""
