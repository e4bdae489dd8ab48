"""Weights from a folder or from the hub, onto a device, and every one of them."""

from __future__ import annotations

import hashlib
import pickle
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from huggingface_hub import snapshot_download
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from .errors import AdapterError

KEYS_SHOWN = 3
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""Where weights lie in a model's folder, the safer format first."""


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where a model comes from, and where it is to run.

    Attributes:
        name: a folder, or an id of the Hugging Face hub.
        device: ``auto`` (a GPU if there is one), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        dtype: ``auto`` (bfloat16 on a GPU, else float32), ``float32``, ``float16`` or ``bfloat16``.
        local_only: never ask the hub; what was fetched before is used.
    """

    name: str
    device: str = "auto"
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    local_only: bool = False

    def folder(self, patterns: Iterable[str]) -> Path:
        """The model's folder; from the hub only files that match ``patterns`` are fetched.

        Raises:
            AdapterError: there is no such folder, and the hub does not give it.
        """
        local = Path(self.name).expanduser()
        if local.is_dir():
            return local
        try:
            fetched = snapshot_download(self.name, allow_patterns=list(patterns), local_files_only=self.local_only)
            return Path(fetched)
        except Exception as error:  # the hub's client raises errors of several libraries
            raise AdapterError(
                f"The model {self.name} is no folder here, and the hub does not give it "
                f"({type(error).__name__}: {str(error).splitlines()[0]}). Fetch its weights, and name their folder."
            ) from error

    def place(self) -> tuple[torch.device, torch.dtype]:
        """The device and number format to run on.

        Raises:
            AdapterError: this machine has no such device.
        """
        name = self.device
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            device = torch.device(name)
            torch.zeros(1, device=device)
        except (RuntimeError, AssertionError) as error:
            raise AdapterError(f"The device {name!r} cannot be used here: {str(error).splitlines()[0]}") from error
        if self.dtype == "auto":
            return device, torch.float32 if device.type == "cpu" else torch.bfloat16
        return device, DTYPES[self.dtype]


def weights_file(folder: Path, names: Iterable[str] = WEIGHTS) -> Path:
    """The file with a model's weights.

    Raises:
        AdapterError: there is none.
    """
    for name in names:
        found = sorted(folder.glob(name))
        if found:
            return found[0]
    raise AdapterError(f"There are no weights in {folder}: none of {', '.join(names)}. Fetch the model again.")


def read_weights(path: Path) -> dict[str, Any]:
    """The tensors of a file by name; of a pickle only tensors are read, never code.

    Raises:
        AdapterError: the file is damaged, cut short, or holds something else.
    """
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, pickle.UnpicklingError) as error:
        raise AdapterError(
            f"The weights in {path} cannot be read; the file is damaged or cut short ({type(error).__name__}). "
            "Fetch it again."
        ) from error
    if not isinstance(content, Mapping):
        raise AdapterError(f"{path} holds no weights by name.")
    return dict(content)


def load_all(module: nn.Module, weights: Mapping[str, Any], path: Path) -> None:
    """Give ``module`` its weights, each of them; buffers that follow from the sizes may be among them.

    Raises:
        AdapterError: one is missing, is unknown, or has another shape.
    """
    kept = {name: tensor for name, tensor in weights.items() if not name.endswith("position_ids")}
    try:
        missing, unknown = module.load_state_dict(kept, strict=False)
    except RuntimeError as error:
        reason = "; ".join(line.strip() for line in str(error).splitlines()[1 : 1 + KEYS_SHOWN])
        raise AdapterError(f"The weights in {path} are not of this model: {reason}") from error
    require_all(missing, unknown, path)


def require_all(missing: Iterable[str], unknown: Iterable[str], path: Path) -> None:
    """Refuse weights that are not all there, or of another model.

    Raises:
        AdapterError: a name is missing or unknown.
    """
    for names, what in ((sorted(missing), "lack"), (sorted(unknown), "hold, which the model does not know,")):
        if names:
            shown = ", ".join(names[:KEYS_SHOWN]) + (", ..." if len(names) > KEYS_SHOWN else "")
            raise AdapterError(f"The weights in {path} {what} {len(names)} tensors: {shown}. Fetch the model again.")


def digest(path: Path) -> str:
    """Twelve letters that name the content of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
