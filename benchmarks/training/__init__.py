"""Scripts that fit the weights which `fishcount` ships as data, on fields of its own simulator."""
