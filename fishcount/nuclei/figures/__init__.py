"""The table of nuclei: what is measured of each, and the flags that follow."""
