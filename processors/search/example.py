"""Music that is searched by: what it asks for, and what it says of a text that comes with it.

An example is taken at its word: whatever holds of it is asked for, as if a text had claimed it. Where a text comes
with it, the example also tells what the text can mean, for music that is wanted holds what is asked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .concepts import CONCEPTS, MUSIC, degrees_of

Vector = NDArray[np.float32]

CLAIM_WEIGHTS = {
    "plays": 3.0,
    "kinds": 1.0,
    "ensemble": 3.0,
    "tempo": 3.0,
    "bpm": 0.5,
    "mode": 2.5,
    "key": 0.3,
    "texture": 2.0,
    "metre": 2.0,
    "register": 1.0,
    "density": 1.0,
    "length": 0.0,
    "harmony": 0.7,
}
"""How much each kind of concept is asked for: about as often as listeners name it. A part's length says nothing."""
SHARES_WEIGHT = 0.5
DOUBT = 0.5
"""What is left of a text's wish that the example does not fulfil; chosen on queries made as those of training."""
BESIDE_TEXT = 0.2
"""The weight of what the example asks for, where a text comes with it: it orders what answers the text alike."""

_WEIGHTS = np.array([CLAIM_WEIGHTS[concept.kind] for concept in CONCEPTS], np.float32)
_TELLS = _WEIGHTS > 0.0


def asked_by(music: Vector) -> Vector:
    """What music asks for.

    Args:
        music: float32 [MUSIC], of ``music_vector``.

    Returns:
        a unit vector, float32 [MUSIC].
    """
    degrees, known = degrees_of(music)
    asked = np.zeros(MUSIC, np.float32)
    asked[: len(CONCEPTS)] = np.where(known, _WEIGHTS * degrees, 0.0)
    shares = music[len(CONCEPTS) : MUSIC - 1]
    asked[len(CONCEPTS) : MUSIC - 1] = SHARES_WEIGHT * shares * (2.0 / max(float(np.linalg.norm(shares)), 1e-6))
    return asked / np.float32(max(float(np.linalg.norm(asked)), 1e-6))


def clarified(query: Vector, music: Vector, alpha: float) -> Vector:
    """A text's wishes, those that the example does not fulfil made less of.

    Args:
        query: float32 [DIMENSION], what the text asks for.
        music: float32 [MUSIC], of the example.
        alpha: the weight of the text; near 1 the example has less and less to say.
    """
    doubt = max(DOUBT, 2.0 * alpha - 1.0)
    degrees, known = degrees_of(music)
    wishes = query[: len(CONCEPTS)]
    fulfilled = np.where(wishes > 0.0, degrees, 1.0 - degrees)
    clear = query.copy()
    clear[: len(CONCEPTS)] *= np.where(known & _TELLS, doubt + (1.0 - doubt) * fulfilled, 1.0)
    return clear
