"""The one way that Keras, QKeras and hls4ml are imported: all three on Keras 2, on one thread, without chatter."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import warnings
from typing import Any


def keras() -> Any:
    """``tf_keras``, ready for QKeras; TensorFlow computes on one thread.

    Raises:
        ImportError: the extra ``fpga`` is not installed.
    """
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    if "tensorflow" not in sys.modules:
        warnings.filterwarnings("ignore", category=UserWarning, module="tf_keras")
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        tensorflow = importlib.import_module("tensorflow")
        tensorflow.config.threading.set_intra_op_parallelism_threads(1)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    return importlib.import_module("tf_keras")


def hls4ml() -> Any:
    """hls4ml, which takes whatever is called ``keras`` for Keras: Keras 2 here."""
    sys.modules["keras"] = keras()
    return importlib.import_module("hls4ml")
