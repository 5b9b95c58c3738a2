"""The face of a review in napari. What an edit does, `fishcount.review` knows."""
