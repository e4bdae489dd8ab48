"""Public models where the settings choose them; torch is imported only then."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from connectors.settings import AdapterSettings
from processors.adapters.errors import AdapterError

if TYPE_CHECKING:
    from processors.adapters.clamp3 import Clamp3
    from processors.adapters.loading import ModelSource
    from processors.adapters.mert import Mert
    from processors.adapters.qwen_omni import QwenOmni


def load_mert(settings: AdapterSettings) -> Mert:
    """MERT; raises ``AdapterError``, also where the extra ``adapters`` is not installed."""
    _require()
    from processors.adapters.mert import Mert

    return Mert(_source(settings, settings.mert), settings.mert_layer, settings.batch)


def load_clamp3(settings: AdapterSettings) -> Clamp3:
    """CLaMP 3 with its MERT; raises as ``load_mert``."""
    _require()
    from processors.adapters.clamp3 import Clamp3

    text = _source(settings, settings.clamp3_text)
    return Clamp3(_source(settings, settings.clamp3), text, load_mert(settings), settings.batch)


def load_qwen_omni(settings: AdapterSettings) -> QwenOmni:
    """Qwen-Omni; raises as ``load_mert``."""
    _require()
    from processors.adapters.qwen_omni import QwenOmni

    return QwenOmni(_source(settings, settings.qwen_omni), settings.batch)


def _source(settings: AdapterSettings, name: str) -> ModelSource:
    from processors.adapters.loading import ModelSource

    return ModelSource(name, settings.device, settings.dtype, settings.local_only)


def _require() -> None:
    missing = [name for name in ("torch", "transformers") if find_spec(name) is None]
    if missing:
        raise AdapterError(
            f"This public model needs {' and '.join(missing)}, which are not installed: pip install continuo[adapters]."
        )
