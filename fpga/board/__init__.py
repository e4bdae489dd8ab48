"""The board: its design, the protocol on its serial line, the driver, and a simulated one."""
