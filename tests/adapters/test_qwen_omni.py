"""Qwen-Omni on a tiny checkpoint: it hears, answers, and is understood; and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from processors.adapters.answers import instruments_in, question
from processors.adapters.errors import AdapterError
from processors.adapters.loading import ModelSource
from processors.adapters.qwen_omni import QwenOmni
from processors.instruments import LABELS

from .conftest import sound

SOUNDS = [sound(2.0, 1), sound(7.0, 2), sound(3.3, 3), sound(40.0, 4)]


@pytest.fixture(scope="module")
def qwen(qwen_folder: Path) -> QwenOmni:
    return QwenOmni(ModelSource(str(qwen_folder), device="cpu"))


def test_each_label_has_a_probability(qwen: QwenOmni) -> None:
    answers = qwen(SOUNDS)
    assert len(answers) == len(SOUNDS)
    for answer in answers:
        assert tuple(answer) == LABELS
        assert set(answer.values()) <= {0.0, 1.0}


def test_a_batch_is_what_each_is_alone(qwen: QwenOmni) -> None:
    together = qwen.listen(SOUNDS)
    assert together == [qwen.listen([one])[0] for one in SOUNDS]
    assert len(set(together)) > 1  # what is heard matters


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ('["Piano", "violins"]', {"piano", "violin"}),
        ('Here is the list:\n```json\n["double bass", "Vocals", "Drum Kit"]\n```', {"bass", "voice", "drums"}),
        ("Piano, cor anglais and marimba.", {"piano", "oboe", "mallet_percussion"}),
        ("[]", set()),
        ("I cannot hear the piano well in this recording", set()),
        ('["kazoo", 7, null, "electric guitar"]', {"guitar"}),
        ("[piano] violin", set()),
        ("", set()),
    ],
)
def test_answers_are_understood(answer: str, named: set[str]) -> None:
    assert instruments_in(answer) == named


def test_the_question_names_every_label() -> None:
    assert all(label.replace("_", " ") in question(LABELS) for label in LABELS)


def test_weights_that_are_missing_or_cut_short_are_refused(qwen_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(qwen_folder, tmp_path / "qwen"))
    path = folder / "model.safetensors"
    tensors = load_file(path)
    name = next(name for name in sorted(tensors) if "q_proj" in name)
    save_file({key: value for key, value in tensors.items() if key != name}, path, metadata={"format": "pt"})
    with pytest.raises(AdapterError, match="lack 1 tensors"):
        QwenOmni(ModelSource(str(folder)))
    save_file(tensors | {name: torch.zeros(2, 2)}, path, metadata={"format": "pt"})
    with pytest.raises(AdapterError):
        QwenOmni(ModelSource(str(folder)))
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(AdapterError, match="cannot be loaded"):
        QwenOmni(ModelSource(str(folder)))
    path.unlink()
    with pytest.raises(AdapterError, match="cannot be loaded"):
        QwenOmni(ModelSource(str(folder)))
