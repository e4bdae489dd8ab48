"""Training of the instrument detector: stems, mixes, the network and its calibration."""
