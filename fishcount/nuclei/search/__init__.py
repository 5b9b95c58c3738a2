"""The search in one plane: from a ladder of thresholds to outlines at full size."""
