"""Train the quantised beat network: first in float, then with quantisers and most weights at nought.

It learns from the shipped network's activations and from the beats that were played. Weights that count little are put
to nought step by step: each one left costs gates. Resumable: after every ``KEEP_EVERY`` steps all is kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray

from fpga.formats import FEATURE

from .lessons import FRAMES, Lesson, read_lessons
from .network import Shape, parts, trained_network

CHUNK = 160
"""Frames that gradients flow back over."""
TAUGHT = 0.7
"""How much of the loss is the teacher's opinion; the rest is what was played."""
KEEP_EVERY = 500
AVERAGE = 0.998
WARM_UP = 100
RATE = 4e-3


@dataclass(frozen=True, slots=True)
class Course:
    """How a network is trained.

    Attributes:
        shape: of the network.
        steps: in float.
        rounded_steps: with quantisers, after that.
        kept: share of each kernel's weights that is left, by its layer's name; else all.
        seed: of the weights.
    """

    shape: Shape = field(default_factory=Shape)
    steps: int = 3000
    rounded_steps: int = 1200
    kept: dict[str, float] = field(default_factory=dict)
    seed: int = 0

    @property
    def name(self) -> str:
        """Of a folder for it."""
        shares = "-".join(f"{share:g}" for share in dict.fromkeys(self.kept.values()))
        shape = self.shape
        return f"{shape.cell}-{shape.inward}-{shape.units}-{self.steps}-{self.rounded_steps}-{shares or 1}-{self.seed}"


class Trainer:
    """One phase of a course: the network in float, or quantised and thinned out.

    Attributes:
        quantised: which of both.
        weights: of all layers.
    """

    def __init__(self, course: Course, quantised: bool) -> None:
        tf_keras.utils.set_random_seed(course.seed)
        self._course = course
        self.quantised = quantised
        self._inward, self._cell = parts(course.shape, quantised)
        self.weights = self._inward.trainable_variables + self._cell.trainable_variables
        self._average = [tf.Variable(weight) for weight in self.weights]
        self._masks = [tf.Variable(tf.ones_like(weight)) for weight in self.weights]
        self._optimiser = tf_keras.optimizers.legacy.Adam(RATE)
        self._gradients = tf.function(self._losses, jit_compile=True)

    def named(self) -> dict[str, NDArray[np.float32]]:
        """The averaged weights, by layer: ``new/kernel``."""
        names = [weight.name.split(":")[0] for weight in self.weights]
        return {
            name: (weight * mask).numpy() for name, weight, mask in zip(names, self._average, self._masks, strict=True)
        }

    def start_from(self, named: dict[str, NDArray[np.float32]]) -> None:
        """Begin with these weights."""
        for weight, average in zip(self.weights, self._average, strict=True):
            weight.assign(named[weight.name.split(":")[0]])
            average.assign(weight)

    def checkpoint(self) -> tf.train.Checkpoint:
        """All that changes."""
        return tf.train.Checkpoint(
            weights=self.weights, average=self._average, masks=self._masks, optimiser=self._optimiser
        )

    def learn(self, chunk: Lesson, state: tf.Tensor, step: int, steps: int) -> tuple[NDArray[np.float32], tf.Tensor]:
        """One step; the losses of beat and downbeat, and the state after the chunk."""
        done = step / steps
        self._optimiser.learning_rate = RATE * min(1.0, (step + 1) / WARM_UP) * (1.0 - done) * self._gentle()
        loss, state, gradients = self._gradients(*_tensors(chunk), state)
        gradients, _ = tf.clip_by_global_norm(gradients, 1.0)
        self._optimiser.apply_gradients(zip(gradients, self.weights, strict=True))
        if self._course.kept and step % 20 == 0 and self.quantised:
            self._thin_out(min(1.0, done / 0.5))
        keep = min(AVERAGE, (step + 1) / (step + 10))
        for weight, mask, average in zip(self.weights, self._masks, self._average, strict=True):
            weight.assign(weight * mask)
            average.assign(keep * average + (1.0 - keep) * weight)
        return loss.numpy(), state

    def _gentle(self) -> float:
        return 0.5 if self.quantised else 1.0

    def _thin_out(self, done: float) -> None:
        for weight, mask in zip(self.weights, self._masks, strict=True):
            layer, kind = weight.name.split(":")[0].split("/")
            share = 1.0 - (1.0 - self._course.kept.get(layer, 1.0)) * (1.0 - (1.0 - done) ** 3)
            if kind == "kernel" and share < 1.0:
                size = np.abs(weight.numpy())
                mask.assign((size >= np.quantile(size, 1.0 - share)).astype(np.float32))

    def _losses(
        self, features: tf.Tensor, taught: tf.Tensor, target: tf.Tensor, weight: tf.Tensor, first: tf.Tensor, state: Any
    ) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            logits, state = self._run(features, first, state)
            cross = tf.nn.sigmoid_cross_entropy_with_logits
            told = tf.reduce_mean(cross(taught, logits), (0, 1))
            played = tf.reduce_mean(weight * cross(target, logits), (0, 1))
            each = TAUGHT * told + (1.0 - TAUGHT) * played
            loss = each[0] + 1.5 * each[1]
        return played, state, tape.gradient(loss, self.weights)

    def _run(self, features: tf.Tensor, first: tf.Tensor, state: Any) -> tuple[tf.Tensor, tf.Tensor]:
        frames, lanes, columns = features.shape
        x = self._inward(tf.reshape(features, (frames * lanes, columns)))
        x = tf.reshape(x, (frames, lanes, x.shape[-1]))

        def step(frame: Any, state: Any, logits: Any) -> tuple[Any, Any, Any]:
            logit, state = self._cell([x[frame], state * (1.0 - first[frame][:, None])])
            return frame + 1, state, logits.write(frame, logit)

        logits = tf.TensorArray(tf.float32, frames, element_shape=(lanes, 2))
        _, state, logits = tf.while_loop(
            lambda frame, *_: frame < frames, step, (0, state, logits), maximum_iterations=frames
        )
        return logits.stack(), state

    def measured(self, lessons: list[Lesson]) -> NDArray[np.float32]:
        """The losses of beat and downbeat on what was played, with the averaged weights."""
        kept = [weight.numpy() for weight in self.weights]
        for weight, average, mask in zip(self.weights, self._average, self._masks, strict=True):
            weight.assign(average * mask)
        losses = []
        for lesson in lessons:
            state = tf.zeros((lesson.first.shape[1], self._course.shape.state_size))
            for chunk in _chunks(lesson):
                loss, state, _ = self._gradients(*_tensors(chunk), state)
                losses.append(loss.numpy())
        for weight, value in zip(self.weights, kept, strict=True):
            weight.assign(value)
        return np.mean(losses, 0)


def train(course: Course, lessons: Path, out: Path, told: Callable[[str], None]) -> None:
    """Run both phases; leaves ``float.npz`` and ``quantised.npz``, weights by layer, and ``course.json`` in ``out``.

    Args:
        lessons: the folder of ``lessons.make_lessons``.
        told: hears of the progress.

    Raises:
        ValueError: ``out`` holds another course.
    """
    out.mkdir(parents=True, exist_ok=True)
    plan = json.dumps(asdict(course), indent=1)
    if (out / "course.json").exists() and (out / "course.json").read_text() != plan:
        raise ValueError(f"{out} holds the training of another network; name another folder.")
    (out / "course.json").write_text(plan)
    before: dict[str, NDArray[np.float32]] = {}
    for name, quantised in (("float", False), ("quantised", True)):
        done = out / f"{name}.npz"
        if not done.exists():
            trainer = Trainer(course, quantised)
            if before:
                trainer.start_from(before)
            _phase(trainer, course, lessons, out / name, partial(_told, told, name))
            with (out / "draft").open("wb") as file:
                np.savez(file, **cast(Any, trainer.named()))
            os.replace(out / "draft", done)
        with np.load(done) as held:
            before = dict(held)


def _told(told: Callable[[str], None], phase: str, line: str) -> None:
    told(f"{phase}: {line}")


def trained_model(folder: Path) -> Any:
    """The quantised model that ``train`` left in a folder.

    Raises:
        ValueError: the training there is not finished.
    """
    if not (folder / "quantised.npz").exists():
        raise ValueError(f"{folder} holds no finished training. Run `continuo fpga train` again: it goes on.")
    known = json.loads((folder / "course.json").read_text())
    with np.load(folder / "quantised.npz") as weights:
        return trained_network(Shape(**known["shape"]), dict(weights))


def _phase(trainer: Trainer, course: Course, lessons: Path, folder: Path, told: Callable[[str], None]) -> None:
    checkpoint = trainer.checkpoint()
    manager = tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=1)
    start = 0
    if manager.latest_checkpoint:
        checkpoint.restore(manager.latest_checkpoint)
        start = int(manager.latest_checkpoint.rsplit("-", 1)[1])
        told(f"goes on after step {start}")
    steps = course.rounded_steps if trainer.quantised else course.steps
    held = list(read_lessons(lessons, "held"))
    state = None
    for step, chunk in enumerate(_endless(lessons, start), start):
        if step >= steps:
            break
        if state is None or state.shape[0] != chunk.first.shape[1]:
            state = tf.zeros((chunk.first.shape[1], course.shape.state_size))
        _, state = trainer.learn(chunk, state, step, steps)
        if (step + 1) % KEEP_EVERY == 0 or step + 1 == steps:
            beat, downbeat = trainer.measured(held)
            told(f"step {step + 1} of {steps}, held out: beat {beat:.4f}, downbeat {downbeat:.4f}")
            manager.save(checkpoint_number=step + 1)


def _endless(lessons: Path, start: int) -> Iterator[Lesson]:
    """Chunks of all pieces, over and over, from the ``start``-th on."""
    per_piece = FRAMES // CHUNK
    skip = start // per_piece
    while True:
        for lesson in read_lessons(lessons, "train"):
            if skip > 0:
                skip -= 1
                continue
            yield from _chunks(lesson)


def _chunks(lesson: Lesson) -> Iterator[Lesson]:
    for at in range(0, len(lesson.first), CHUNK):
        cut = slice(at, at + CHUNK)
        yield Lesson(lesson.codes[cut], lesson.taught[cut], lesson.target[cut], lesson.weight[cut], lesson.first[cut])


def _tensors(chunk: Lesson) -> tuple[tf.Tensor, ...]:
    arrays = (chunk.taught, chunk.target, chunk.weight, chunk.first)
    return (tf.constant(FEATURE.values(chunk.codes)), *(tf.constant(array.astype(np.float32)) for array in arrays))
