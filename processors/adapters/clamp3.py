"""CLaMP 3: sound and text in one space of 768 dimensions.

Wu et al., "CLaMP 3: Universal Music Information Retrieval Across Unaligned Modalities and Unseen Languages", ACL 2025.
Sound goes through MERT (the mean of all layers, one vector for 5 s) and a BERT of 12 layers; text through XLM-RoBERTa.
Weights: sander-wood/clamp3, MIT; its part for scores is not loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer, BertConfig, BertModel

from processors.audio import Sound

from .errors import AdapterError
from .loading import ModelSource, digest, load_all, read_weights, weights_file
from .mert import Mert

HEAD_SIZE = 64
TEXT_TOKENS = 128
TEXT_FILES = ("config.json", "tokenizer*", "sentencepiece*", "special_tokens_map.json", "vocab*")
"""Of the text model only sizes and tokenizer are needed: its weights are CLaMP 3's own."""
WEIGHTS = ("*clamp3_saas*.pth", "*clamp3*.pth", "*clamp3*.safetensors")
SCORE_PARTS = ("symbolic_model.", "symbolic_proj.")


class Clamp3:
    """Embeds sound and text; one thread at a time.

    Attributes:
        model: names all weights; vectors of different models cannot be compared.
        dimension: of the space.

    Args:
        source: a folder or hub id with the weights.
        text: a folder or hub id of the text model, ``FacebookAI/xlm-roberta-base``.
        mert: what hears; its own choice of a layer does not matter.
        batch: how many pieces of texts or songs are computed at once.

    Raises:
        AdapterError: weights or text model are missing, damaged or of another kind.
    """

    def __init__(self, source: ModelSource, text: ModelSource, mert: Mert, batch: int = 8) -> None:
        self._mert = mert
        self._batch = batch
        self._device, self._dtype = source.place()
        path = weights_file(source.folder(WEIGHTS), WEIGHTS)
        weights = _own(read_weights(path))
        folder = text.folder(TEXT_FILES)
        network = _Network(_audio_config(weights, path), _text_config(folder), weights)
        load_all(network, weights, path)
        self._network = network.to(self._device, self._dtype).eval()
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self.dimension = int(network.audio_proj.out_features)
        self._audio_length = int(network.audio_model.config.max_position_embeddings)
        if mert.dimension != network.audio_model.config.hidden_size:
            raise AdapterError(
                f"{path} wants {network.audio_model.config.hidden_size} features; this MERT gives {mert.dimension}."
            )
        self.model = f"clamp3-{digest(path)}-{mert.model.rpartition('-')[2]}"

    def sounds(self, sounds: Sequence[Sound]) -> NDArray[np.float32]:
        """Unit vectors: float32 [sounds, dimension].

        Raises:
            BadMusicError: a sound is too short.
        """
        heard = [features.mean(axis=1) for features in self._mert.features(sounds)]
        edge = np.zeros((1, self._mert.dimension), np.float32)
        pieces = [_pieces(np.concatenate([edge, windows, edge]), self._audio_length) for windows in heard]
        return self._embedded(pieces, self._audio)

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors: float32 [texts, dimension]; the lines of a text are taken for separate statements."""
        pieces = []
        for text in texts:
            lines = [line for line in dict.fromkeys(text.splitlines()) if line]
            ids = self._tokenizer(self._tokenizer.sep_token.join(lines))["input_ids"]
            pieces.append(_pieces(np.array(ids, np.int64), TEXT_TOKENS))
        return self._embedded(pieces, self._text)

    def _embedded(self, pieces: Sequence[list[tuple[NDArray[Any], int]]], embed: Any) -> NDArray[np.float32]:
        """Embed pieces of all inputs in batches; an input is the mean of its pieces, by how much is new in each."""
        flat = [(number, piece, new) for number, own in enumerate(pieces) for piece, new in own]
        sums = np.zeros((len(pieces), self.dimension))
        for start in range(0, len(flat), self._batch):
            part = flat[start : start + self._batch]
            for (number, _, new), vector in zip(part, embed([piece for _, piece, _ in part]), strict=True):
                sums[number] += new * vector
        norms = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
        return np.asarray(sums / norms, np.float32)

    @torch.inference_mode()
    def _audio(self, pieces: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        inputs, mask = self._padded(pieces, 0.0)
        return self._network.audio(inputs.to(self._dtype), mask)

    @torch.inference_mode()
    def _text(self, pieces: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
        inputs, mask = self._padded(pieces, self._tokenizer.pad_token_id)
        return self._network.text(inputs, mask)

    def _padded(self, pieces: Sequence[NDArray[Any]], filler: float) -> tuple[Any, Any]:
        tensors = [torch.from_numpy(piece) for piece in pieces]
        inputs = nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=filler)
        mask = nn.utils.rnn.pad_sequence([torch.ones(len(piece)) for piece in pieces], batch_first=True)
        return inputs.to(self._device), mask.to(self._device)


class _Network(nn.Module):
    """The parts of CLaMP 3 for sound and text, under the names of its checkpoint."""

    def __init__(self, audio: BertConfig, text: Any, weights: Mapping[str, Any]) -> None:
        super().__init__()
        size = weights["audio_proj.weight"].shape[0]
        # a pooler is never used, but the checkpoint has those of both models
        self.audio_model = BertModel(audio, add_pooling_layer="audio_model.pooler.dense.weight" in weights)
        self.audio_proj = nn.Linear(audio.hidden_size, size)
        self.text_model = AutoModel.from_config(text, add_pooling_layer="text_model.pooler.dense.weight" in weights)
        self.text_proj = nn.Linear(text.hidden_size, size)

    def audio(self, inputs: Any, mask: Any) -> NDArray[np.float32]:
        states = self.audio_model(inputs_embeds=inputs, attention_mask=mask).last_hidden_state
        return self._projected(states, mask, self.audio_proj)

    def text(self, inputs: Any, mask: Any) -> NDArray[np.float32]:
        states = self.text_model(inputs, attention_mask=mask).last_hidden_state
        return self._projected(states, mask, self.text_proj)

    @staticmethod
    def _projected(states: Any, mask: Any, projection: nn.Linear) -> NDArray[np.float32]:
        weights = mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weights).sum(dim=1) / weights.sum(dim=1)
        return np.asarray(projection(mean).float().cpu().numpy(), np.float32)


def _pieces(whole: NDArray[Any], length: int) -> list[tuple[NDArray[Any], int]]:
    """Pieces of ``length``, the last one filled up with what is before it; and how much of each is new."""
    pieces = [(whole[start : start + length], length) for start in range(0, len(whole), length)]
    pieces[-1] = (whole[-length:], (len(whole) - 1) % length + 1)
    return pieces


def _own(content: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors of the parts that are used; a training checkpoint has them under ``model``."""
    tensors = content.get("model", content)
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(SCORE_PARTS)}


def _audio_config(weights: Mapping[str, Any], path: Path) -> BertConfig:
    """The sizes of the audio model, read off its weights."""
    try:
        size = weights["audio_proj.weight"].shape[1]
        positions = weights["audio_model.embeddings.position_embeddings.weight"].shape[0]
        inner = weights["audio_model.encoder.layer.0.intermediate.dense.weight"].shape[0]
    except KeyError as error:
        raise AdapterError(f"The weights in {path} lack {error.args[0]}; they are not of CLaMP 3.") from error
    layers = {name.split(".")[3] for name in weights if name.startswith("audio_model.encoder.layer.")}
    return BertConfig(
        vocab_size=weights["audio_model.embeddings.word_embeddings.weight"].shape[0],
        hidden_size=size,
        num_hidden_layers=len(layers),
        num_attention_heads=max(1, size // HEAD_SIZE),
        intermediate_size=inner,
        max_position_embeddings=positions,
    )


def _text_config(folder: Path) -> Any:
    try:
        return AutoConfig.from_pretrained(folder)
    except (OSError, ValueError) as error:
        raise AdapterError(f"The text model's configuration in {folder} cannot be read: {error}") from error
