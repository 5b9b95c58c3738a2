"""What a whole probe channel tells before it is searched: width of a point, noise, leak."""
