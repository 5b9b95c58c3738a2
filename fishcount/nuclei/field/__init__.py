"""What a whole field tells before nuclei are searched: background, light, size, polarity."""
