"""Sizes of the transcriber; everything else follows from these."""

SAMPLE_RATE = 22_050
"""Hz; all audio is brought to this rate."""
FRAME = 512
"""Samples from one onset frame to the next: 23.2 ms."""
FRAMES_A_STEP = 2
STEP = FRAME * FRAMES_A_STEP
"""Samples from one network step to the next: 46.4 ms; each step answers for its two frames."""

FINE_WINDOW = 1024
"""Samples; centred on each frame: when."""
PITCH_WINDOW = 4096
"""Samples; centred on each step: which pitch."""
BASS_WINDOW = 8192
"""Samples; ends where the pitch window ends, so that it costs no further delay: which low pitch."""

LOWEST_PITCH, PITCHES = 21, 88
"""MIDI pitch of the lowest onset, and how many follow."""
BINS_A_SEMITONE = 3
LOWEST_BIN_PITCH = 9
"""MIDI pitch of the lowest filter: an octave below the lowest onset."""
BINS = 369
"""Log-frequency filters of the pitch and fine spectra: up to 7.9 kHz."""
BASS_BINS = 225
"""Filters of the bass spectrum: up to 659 Hz and a little more."""
