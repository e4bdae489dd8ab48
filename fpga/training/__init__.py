"""Training of the quantised network, in QKeras: needs the extra ``fpga``."""
