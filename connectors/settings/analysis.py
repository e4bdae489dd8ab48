"""Settings of what listens to music: limits, models and how much is computed at once."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from .section import Section


class LimitSettings(Section):
    """What one input may cost at the most."""

    midi_max_bytes: int = 16 << 20
    midi_max_notes: int = 200_000
    audio_max_bytes: int = 64 << 20
    clip_max_s: float = 3_600.0
    transcribed_max_s: float = Field(60.0, description="How much of a long sound is transcribed, from its middle.")
    decode_max_s: float = Field(30.0, description="How long decoding a sound file for its instruments may take.")
    in_flight: int = Field(64, description="Records an agent handles at once, per worker.")
    dead_letter_max_bytes: int = 256 << 10


class LiveSettings(Section):
    window_s: float = Field(30.0, description="How much of a source's recent playing is kept.")
    window_max_notes: int = 256
    silence_expiry_s: float = Field(120.0, description="A source silent for so long is forgotten.")
    max_sources: int = 10_000
    readback_max_events: int = Field(
        100_000, description="What a worker reads again at the most, of a partition that it takes over."
    )


class IdentifySettings(Section):
    catalogue: Path | None = Field(None, description="The index that workers answer from; empty: in data_dir.")
    top: int = 5
    compute_threads: int = 1


class BulkSettings(Section):
    """Bulk jobs: folders of files."""

    mode: Literal["parallel", "sequential"] = Field(
        "parallel", description="sequential: a worker holds one model in memory at a time. The answers are the same."
    )
    compute_threads: int = Field(1, description="Batches that a worker computes side by side; sequential: always one.")
    instruments: Literal["network", "qwen-omni"] = Field(
        "network", description="What hears instruments; qwen-omni needs the extra adapters."
    )
    embeddings: Literal["notes", "mert", "clamp3"] = Field(
        "notes", description="What embeds; mert and clamp3 need the extra adapters."
    )
    batch_files: int = Field(8, description="The most files in a batch, for which a model is loaded once.")
    batch_max_s: float = Field(600.0, description="So much decoded music is held at once, and always one file.")
    window_files: int = Field(64, description="Files that a job has in flight at the most.")
    window_bytes: int = Field(256 << 20, description="And their bytes.")
    silence_s: float = Field(300.0, description="A job gives up, to be resumed, when no result comes for so long.")


class InstrumentSettings(Section):
    """Instruments that are heard in clips."""

    ahead_max: int = Field(
        256, ge=1, description="Clips that are decoded and wait to be judged; decoding waits when there are more."
    )
    by_second_least: float = Field(
        0.1, ge=0.0, le=1.0, description="Labels that reach it in no second are told for the whole clip only."
    )
    compute_threads: int = Field(1, ge=1, description="Of each of the two workers, preprocess and detect.")


class AdapterSettings(Section):
    """Public models, where they are chosen: a folder with their weights, or an id of the Hugging Face hub."""

    mert: str = "m-a-p/MERT-v1-95M"
    mert_layer: int | None = Field(None, description="Whose features are the embedding; empty: the mean of all layers.")
    clamp3: str = "sander-wood/clamp3"
    clamp3_text: str = Field("FacebookAI/xlm-roberta-base", description="The text model's sizes and tokenizer.")
    qwen_omni: str = "Qwen/Qwen2.5-Omni-3B"
    local_only: bool = Field(False, description="Never ask the hub; what was fetched before is used.")
    device: str = Field("auto", description="auto (a GPU if there is one), cpu, cuda, cuda:1, mps.")
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    batch: int = Field(8, ge=1, description="What is computed at once: windows of sound, texts, songs.")


class SearchSettings(Section):
    """Search by text and by music."""

    query_max_characters: int = 2_000
    top_k_max: int = Field(100, description="The most works that one search may ask for.")
    timeout_s: float = Field(10.0, description="How long the gateway waits for a result.")
    cache_expiry_s: int = Field(300, description="How long Redis keeps an answer for the next who asks the same.")
    waiting_max: int = Field(256, description="Searches that a gateway waits for at the same time.")
    compute_threads: int = 1


class RhythmSettings(Section):
    """Beats and sections of live sources."""

    engine: Literal["onnx", "hls4ml", "rtl", "board"] = Field(
        "onnx", description="What turns frames into activations; with others than onnx a consumer of its own does."
    )
    readback_s: float = Field(600.0, description="How far back a worker reads what it takes over.")
    clock_window: int = Field(64, description="Notes over which a source's clock is held against ours.")


class FpgaSettings(Section):
    """The consumer that runs the quantised beat network."""

    batch_records: int = Field(256, ge=1, description="Records of frames in one transaction, at the most.")
    max_sources: int = 50_000
    readback_max_events: int = Field(1_000_000, description="Activations read again for a partition, at the most.")
    transaction_timeout_s: float = Field(10.0, description="After so long the brokers give up what a killed one began.")
    board_url: str | None = Field(None, description="The board's line: /dev/ttyUSB0, or socket://host:port.")
    board_baud: int = Field(1_000_000, gt=0, description="Of a serial line: the board's clock, by 25.")
    board_timeout_s: float = Field(0.1, gt=0.0, description="How long an answer of the board is waited for.")
    board_tries: int = Field(3, ge=1, description="Then the CPU takes over.")
    board_window: int = Field(4, ge=1, le=64, description="Steps on their way to the board at the same time.")
    board_retry_s: float = Field(5.0, description="After so long a board that was away is tried again.")


class TriggerSettings(Section):
    """When the music makes something happen."""

    rules: Path | None = Field(None, description="A YAML file of rules; empty: those of the rhythm service.")
    readback_s: float = Field(300.0, description="How far back a worker reads what it takes over.")
