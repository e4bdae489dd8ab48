"""Sizes of the instrument detector; everything else follows from these."""

SAMPLE_RATE = 22_050
"""Hz; all sound is brought to this rate."""
FRAME = 512
"""Samples from one spectrum to the next: 23.2 ms."""
SPECTRUM_WINDOW = 2048
"""Samples a spectrum sees: 93 ms."""
BANDS = 128
"""Mel bands of a spectrum."""
LOWEST_HZ, HIGHEST_HZ = 30.0, 11_000.0

WINDOW_FRAMES = 128
"""Frames that the network judges at once."""
WINDOW = WINDOW_FRAMES * FRAME
"""The same in samples: 2.97 s."""
STEP_FRAMES = 8
STEPS = WINDOW_FRAMES // STEP_FRAMES
"""Steps of a window, each with a probability of its own: 186 ms each."""

DYNAMICS_DB = 80.0
"""Levels are told from so far below the loudest of a window upwards."""
QUIET_DB = 50.0
"""A window so far below the loudest of its clip is counted as silence."""
SILENCE_DB = -90.0
"""The loudest level, relative to a full-scale sine, from which on a clip holds any sound."""
