"""Close signals: points that are fitted together until the image is explained."""
