"""Shapes in pixels: label images as runs, outlines, distances, ellipses, neighbours."""
