"""Qwen-Omni: a language model that hears, asked which instruments play.

Xu et al., "Qwen2.5-Omni Technical Report", 2025. Only the part that listens and writes is loaded (the thinker), not the
one that speaks. Weights: Qwen/Qwen2.5-Omni-3B (research licence) or -7B (Apache 2.0).
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
from safetensors import SafetensorError
from transformers import AutoTokenizer, Qwen2_5OmniThinkerForConditionalGeneration, WhisperFeatureExtractor

from processors.audio import Sound
from processors.instruments import LABELS

from .answers import instruments_in, question
from .errors import AdapterError
from .loading import ModelSource, digest, require_all

LONGEST_S = 30.0
"""What is heard of a song, from its middle."""
ANSWER_TOKENS = 128
SYSTEM = "You are a musician who names the instruments that play in a recording."


class QwenOmni:
    """Names the instruments of songs; one thread at a time.

    Attributes:
        model: names the weights.

    Args:
        source: a folder or hub id.
        batch: how many songs are heard at once.

    Raises:
        AdapterError: the model is missing, damaged, or of another kind.
    """

    def __init__(self, source: ModelSource, batch: int = 4) -> None:
        folder = source.folder(["*.json", "*.safetensors", "*.jinja", "merges.txt"])
        device, dtype = source.place()
        self._batch = batch
        self._device = device
        self._hear = WhisperFeatureExtractor.from_pretrained(folder)
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self._template = _template(folder, self._tokenizer)
        self._network = _network(folder, dtype).to(device).eval()
        self._audio_token: str = self._tokenizer.convert_ids_to_tokens(self._network.config.audio_token_id)
        self.model = f"qwen-omni-{digest(sorted(folder.glob('*.safetensors'))[0])}"

    def __call__(self, sounds: Sequence[Sound]) -> list[dict[str, float]]:
        """The probability of each instrument of each sound: 1 for those that the model names, 0 for the others.

        A name that is none of the labels, nor a relative of one, is left out.
        """
        answers = [
            text for start in range(0, len(sounds), self._batch) for text in self.listen(sounds[start:][: self._batch])
        ]
        return [{label: float(label in named) for label in LABELS} for named in map(instruments_in, answers)]

    @torch.inference_mode()
    def listen(self, sounds: Sequence[Sound]) -> list[str]:
        """What the model says of each sound, all heard together."""
        heard = self._hear(
            [self._middle(sound) for sound in sounds],
            sampling_rate=self._hear.sampling_rate,
            padding="longest",
            truncation=False,
            return_attention_mask=True,
            return_tensors="pt",
        )
        lengths = [_tokens_of(int(frames)) for frames in heard.attention_mask.sum(dim=-1)]
        prompts = [self._prompt().replace(self._audio_token, self._audio_token * length, 1) for length in lengths]
        words = self._tokenizer(prompts, padding=True, return_tensors="pt")
        written = self._network.generate(
            input_ids=words.input_ids.to(self._device),
            attention_mask=words.attention_mask.to(self._device),
            input_features=heard.input_features.to(self._device, self._network.dtype),
            feature_attention_mask=heard.attention_mask.to(self._device),
            max_new_tokens=ANSWER_TOKENS,
            do_sample=False,
        )
        new = written[:, words.input_ids.shape[1] :]
        return [str(text) for text in self._tokenizer.batch_decode(new, skip_special_tokens=True)]

    def _prompt(self) -> str:
        talk = [
            {"role": "system", "content": [{"type": "text", "text": SYSTEM}]},
            {
                "role": "user",
                "content": [{"type": "audio", "audio": "song"}, {"type": "text", "text": question(LABELS)}],
            },
        ]
        prompt = self._tokenizer.apply_chat_template(
            talk, chat_template=self._template, add_generation_prompt=True, tokenize=False
        )
        if self._audio_token not in prompt:
            raise AdapterError(f"The chat template of {self.model} has no place for sound ({self._audio_token}).")
        return str(prompt)

    def _middle(self, sound: Sound) -> NDArray[np.float32]:
        skipped_s = max(0.0, (sound.end_s - LONGEST_S) / 2)
        middle = sound.cut(skipped_s, min(sound.end_s, LONGEST_S))
        return np.asarray(soxr.resample(middle.samples, middle.rate_hz, self._hear.sampling_rate), np.float32)


def _tokens_of(frames: int) -> int:
    """How many tokens the audio encoder makes of mel frames: two convolutions halve them, then pairs are averaged."""
    return ((frames - 1) // 2 + 1 - 2) // 2 + 1


def _template(folder: Path, tokenizer: Any) -> str:
    if tokenizer.chat_template:
        return str(tokenizer.chat_template)
    path = folder / "chat_template.json"
    try:
        return str(json.loads(path.read_text("utf-8"))["chat_template"])
    except (OSError, ValueError, KeyError) as error:
        raise AdapterError(f"There is no chat template in {folder}. Fetch the model again.") from error


def _network(folder: Path, dtype: Any) -> Any:
    try:
        network, info = Qwen2_5OmniThinkerForConditionalGeneration.from_pretrained(
            folder, dtype=dtype, local_files_only=True, output_loading_info=True, use_safetensors=True
        )
    except (OSError, SafetensorError, RuntimeError, ValueError) as error:
        raise AdapterError(
            f"The model in {folder} cannot be loaded: {str(error).splitlines()[0]} Its weights are missing, damaged or "
            "cut short: fetch the model again."
        ) from error
    require_all(info["missing_keys"], (), folder)
    return network
