"""Sizes of the beat features and of the network's outputs; everything else follows from these."""

CHORD_S = 0.040
"""Notes that start within this of a cluster's first note belong to it; a frame is told so long after its first note."""

LAGS = 32
"""Bins of the inter-onset histogram, in equal steps of the logarithm."""
SHORTEST_LAG_S, LONGEST_LAG_S = 0.10, 3.2
RING = 48
"""Past clusters that the histogram looks at."""
LAG_DECAY_S = 8.0

GAP_BASES = 11
"""Overlapping triangles over the logarithm of a gap: a soft one-hot code."""
SHORTEST_GAP_S, LONGEST_GAP_S = 0.04, 4.0

CHROMA_DECAYS_S = (0.5, 2.0, 8.0)
LOUDNESS_LEVELS = 16
CHORD_SIZES = 8

ACTIVATIONS = ("beat", "downbeat")
