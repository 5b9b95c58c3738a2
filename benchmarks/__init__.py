"""Speed, accuracy and scale of fishcount, against named peers in the same run."""
