"""The fixed-point numbers of the quantised network: what each of its wires carries.

Between the parts (host, board, engines) numbers travel as integer codes: value = code * step. Rounding is to the
nearest step, halves to the even code; what lies outside saturates. QKeras, hls4ml (``ap_fixed<.., AP_RND_CONV,
AP_SAT>``) and the Verilog do the same, which ``continuo fpga verify`` checks bit by bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Format:
    """A fixed-point number.

    Attributes:
        bits: all of them, the sign with them.
        integer: bits before the point, without the sign.
        signed: whether there is a sign; two's complement.
    """

    bits: int
    integer: int
    signed: bool = True

    @property
    def step(self) -> float:
        """The value of the last bit."""
        return float(2.0 ** (self.integer + self.signed - self.bits))

    @property
    def least(self) -> int:
        """The lowest code."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def most(self) -> int:
        """The highest code."""
        return (1 << (self.bits - self.signed)) - 1

    def codes(self, values: NDArray[np.floating]) -> NDArray[np.int32]:
        """Values to their nearest codes, int32 of the same shape."""
        return np.asarray(np.clip(np.rint(values / self.step), self.least, self.most), np.int32)

    def values(self, codes: NDArray[np.integer]) -> NDArray[np.float32]:
        """Codes to values, float32 of the same shape; exact."""
        return (codes * self.step).astype(np.float32)


FEATURE = Format(8, 2)
"""A feature: in [-4, 4), steps of 1/32."""
STATE = Format(12, 0)
"""A number of the state: in [-1, 1), steps of 1/2048."""
LOGIT = Format(12, 3)
"""A logit: in [-8, 8), steps of 1/256."""
