"""What may be a signal, and the figures that describe it."""
