"""Touching nuclei apart: pieces and their joins, dents, cuts, contacts."""
