"""MERT: music as 13 layers of 768 features, 75 a second.

Li et al., "MERT: Acoustic Music Understanding Model with Large-Scale Self-supervised Training", ICLR 2024. The 95M
model computes what HuBERT does (no constant-Q features, no relaxed attention), so its weights are loaded into
transformers' own HuBERT: no code is fetched and run. Weights: m-a-p/MERT-v1-95M, CC BY-NC 4.0.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor

from processors.audio import Sound
from processors.midi import BadMusicError

from .errors import AdapterError
from .loading import WEIGHTS, ModelSource, digest, load_all, read_weights, weights_file

WINDOW_S = 5.0
"""Sound is heard in windows of this length, as CLaMP 3 wants it; what is left of the last is heard as it is."""
LEAST_S = 1.0
"""A last window shorter than this is left out, unless it is the only one."""
AS_HUBERT: dict[str, Any] = {"feature_extractor_cqt": False, "deepnorm": False, "attention_relax": -1.0}
"""What the configuration must say for the model to be a HuBERT."""


class Mert:
    """Features of sound; one thread at a time.

    Attributes:
        model: names the weights and the layer; vectors of different models cannot be compared.
        layers, dimension: of the features: 13 and 768 for MERT-v1-95M.

    Args:
        source: a folder or hub id with ``config.json``, ``preprocessor_config.json`` and the weights.
        layer: whose features are the embedding, 0 (before the first) to ``layers - 1``; None: the mean of all.
        batch: how many windows are computed at once.

    Raises:
        AdapterError: the model is missing, damaged, or of another kind; or there is no such layer or device.
    """

    def __init__(self, source: ModelSource, layer: int | None = None, batch: int = 8) -> None:
        folder = source.folder(["config.json", "preprocessor_config.json", *WEIGHTS])
        config = _config(folder)
        self.layers, self.dimension = config.num_hidden_layers + 1, config.hidden_size
        if layer is not None and not 0 <= layer < self.layers:
            raise AdapterError(f"There is no layer {layer} of {source.name}; there are 0 to {self.layers - 1}.")
        self._layer = layer
        self._batch = batch
        self._device, self._dtype = source.place()
        self._prepare = Wav2Vec2FeatureExtractor.from_pretrained(folder)
        self._rate_hz = int(self._prepare.sampling_rate)
        path = weights_file(folder)
        network = HubertModel(config)
        load_all(network, read_weights(path), path)
        self._network = network.to(self._device, self._dtype).eval()
        self.model = f"mert-{'mean' if layer is None else layer}-{digest(path)}"

    def __call__(self, sounds: Sequence[Sound]) -> NDArray[np.float32]:
        """The embedding of each sound, averaged over time, of unit length: float32 [sounds, dimension].

        Raises:
            BadMusicError: a sound is too short.
        """
        vectors = np.empty((len(sounds), self.dimension), np.float32)
        for vector, features, sound in zip(vectors, self.features(sounds), sounds, strict=True):
            chosen = features.mean(axis=1) if self._layer is None else features[:, self._layer]
            mean = np.average(chosen, axis=0, weights=_lengths_s(sound.end_s))
            vector[:] = mean / max(float(np.linalg.norm(mean)), 1e-12)
        return vectors

    def features(self, sounds: Sequence[Sound]) -> list[NDArray[np.float32]]:
        """The features of each sound's windows, averaged over each: float32 [windows, layers, dimension].

        Windows of one length are computed together: padding would change what the first layers make of a sound.

        Raises:
            BadMusicError: a sound is too short for a single feature.
        """
        windows: list[tuple[int, int, NDArray[np.float32]]] = []
        for number, sound in enumerate(sounds):
            for place, window in enumerate(self._windows(sound)):
                windows.append((number, place, window))
        found = [np.empty((len(_lengths_s(sound.end_s)), self.layers, self.dimension), np.float32) for sound in sounds]
        windows.sort(key=lambda entry: len(entry[2]))
        while windows:
            size = len(windows[0][2])
            together = [entry for entry in windows[: self._batch] if len(entry[2]) == size]
            windows = windows[len(together) :]
            means = self._means(np.stack([samples for _, _, samples in together]))
            for (number, place, _), mean in zip(together, means, strict=True):
                found[number][place] = mean
        return found

    def _windows(self, sound: Sound) -> list[NDArray[np.float32]]:
        samples = np.asarray(soxr.resample(sound.samples, sound.rate_hz, self._rate_hz), np.float32)
        least = _least_samples(self._network.config)
        if len(samples) < least:
            raise BadMusicError(
                "too_short", f"The sound lasts {sound.end_s:g} s; MERT needs {least / self._rate_hz:g} s at the least."
            )
        prepared = np.asarray(self._prepare(samples, sampling_rate=self._rate_hz).input_values[0], np.float32)
        size = round(WINDOW_S * self._rate_hz)
        return [prepared[number * size : (number + 1) * size] for number in range(len(_lengths_s(sound.end_s)))]

    @torch.inference_mode()
    def _means(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        inputs = torch.from_numpy(samples).to(self._device, self._dtype)
        states = self._network(inputs, output_hidden_states=True).hidden_states
        means = torch.stack([state.float().mean(dim=1) for state in states], dim=1)
        return np.asarray(means.cpu().numpy(), np.float32)


def _lengths_s(sound_s: float) -> NDArray[np.float64]:
    """How long each window of a sound is."""
    whole = int(sound_s // WINDOW_S)
    rest_s = sound_s - whole * WINDOW_S
    lengths = [WINDOW_S] * whole + ([rest_s] if rest_s >= LEAST_S or not whole else [])
    return np.array(lengths)


def _least_samples(config: HubertConfig) -> int:
    """How many samples the convolutions need for one feature."""
    samples = 1
    for kernel, stride in zip(reversed(config.conv_kernel), reversed(config.conv_stride), strict=True):
        samples = (samples - 1) * stride + kernel
    return int(samples)


def _config(folder: Path) -> HubertConfig:
    path = folder / "config.json"
    try:
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise AdapterError(f"The configuration {path} cannot be read: {error}. Fetch the model again.") from error
    for name, wanted in AS_HUBERT.items():
        if values.get(name, wanted) != wanted:
            raise AdapterError(f"{path} is of a MERT that this adapter does not know: {name} is {values[name]!r}.")
    own = ("auto_map", "architectures", "model_type", "torch_dtype", *AS_HUBERT)
    return HubertConfig(**{name: value for name, value in values.items() if name not in own})
