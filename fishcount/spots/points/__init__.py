"""Points in pixels: the response in which they stand out, their maxima, their fits."""
