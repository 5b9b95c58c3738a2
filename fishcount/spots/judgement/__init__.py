"""Signal or not: the score, its reasons, and pairs that are one signal."""
