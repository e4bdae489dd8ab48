"""Measuring recognition: accuracy, place, unknowns, speed, with seeds and intervals."""
