"""Tiny checkpoints of the architectures of MERT, CLaMP 3 and Qwen-Omni: random weights, in the layout of the hub."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    HubertConfig,
    HubertModel,
    PreTrainedTokenizerFast,
    Qwen2_5OmniThinkerConfig,
    Qwen2_5OmniThinkerForConditionalGeneration,
    WhisperFeatureExtractor,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from processors.audio import Sound

SIZE = 32
SPACE = 24
MERT_LAYERS = 3
AUDIO_LENGTH = 8
AUDIO_TOKEN = "<|AUDIO|>"
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% for part in message['content'] %}{% if part['type'] == 'audio' %}<|audio_bos|><|AUDIO|><|audio_eos|>"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def sound(seconds: float, seed: int = 0, rate_hz: int = 22_050) -> Sound:
    """Tones and noise that no two seeds share."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    tones = sum(np.sin(2 * np.pi * rng.uniform(100, 2_000) * time_s) for _ in range(4))
    return Sound((0.1 * tones + rng.normal(0.0, 0.01, len(time_s))).astype(np.float32), rate_hz)


@pytest.fixture(scope="session")
def mert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mert")
    torch.manual_seed(1)
    config = HubertConfig(
        hidden_size=SIZE,
        num_hidden_layers=MERT_LAYERS,
        num_attention_heads=4,
        intermediate_size=64,
        conv_dim=(16,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
    )
    state = HubertModel(config).state_dict()
    # MERT was saved before torch gave the two parts of a normalised weight their present names
    parts = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    for new, old in parts.items():
        state[f"encoder.pos_conv_embed.conv.{old}"] = state.pop(f"encoder.pos_conv_embed.conv.{new}")
    torch.save(state, folder / "pytorch_model.bin")
    values = config.to_dict() | {
        "model_type": "mert_model",
        "auto_map": {"AutoModel": "modeling_MERT.MERTModel"},
        "feature_extractor_cqt": False,
        "deepnorm": False,
        "attention_relax": -1.0,
    }
    (folder / "config.json").write_text(json.dumps(values))
    prepare = {"do_normalize": True, "feature_size": 1, "padding_value": 0, "sampling_rate": 24_000}
    (folder / "preprocessor_config.json").write_text(json.dumps(prepare))
    return folder


@pytest.fixture(scope="session")
def text_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What CLaMP 3 takes of XLM-RoBERTa: sizes and tokenizer."""
    folder = tmp_path_factory.mktemp("xlm-roberta")
    words = ["<s>", "<pad>", "</s>", "<unk>", "slow", "fast", "piano", "violin", "music", "a", "dance", "sad"]
    backend = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, "<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        cls_token="<s>",
        pad_token="<pad>",
        unk_token="<unk>",
    )
    tokenizer.save_pretrained(folder)
    text_config().save_pretrained(folder)
    return folder


def text_config() -> XLMRobertaConfig:
    return XLMRobertaConfig(
        vocab_size=12,
        hidden_size=SIZE,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=140,
        type_vocab_size=1,
    )


@pytest.fixture(scope="session")
def clamp3_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clamp3")
    torch.manual_seed(2)
    audio = BertConfig(
        vocab_size=1,
        hidden_size=SIZE,
        num_hidden_layers=2,
        num_attention_heads=1,
        intermediate_size=64,
        max_position_embeddings=AUDIO_LENGTH,
    )
    parts = {
        "audio_model": BertModel(audio),
        "audio_proj": torch.nn.Linear(SIZE, SPACE),
        "text_model": XLMRobertaModel(text_config()),
        "text_proj": torch.nn.Linear(SIZE, SPACE),
        "symbolic_proj": torch.nn.Linear(SIZE, SPACE),
    }
    state = {f"{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()}
    state["audio_model.embeddings.position_ids"] = torch.arange(AUDIO_LENGTH)[None]
    checkpoint = {"model": state, "epoch": 7, "min_eval_loss": 0.1}
    torch.save(checkpoint, folder / "weights_clamp3_saas_h_size_768.pth")
    return folder


@pytest.fixture(scope="session")
def qwen_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("qwen")
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|audio_bos|>", AUDIO_TOKEN, "<|audio_eos|>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE({letter: number for number, letter in enumerate(letters)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=special[1:],
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    torch.manual_seed(3)
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in special}
    config = Qwen2_5OmniThinkerConfig(
        audio_config={
            "num_mel_bins": 128,
            "encoder_layers": 2,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 64,
            "d_model": SIZE,
            "output_dim": SIZE,
            "n_window": 50,
            "max_source_positions": 1500,
        },
        vision_config={
            "depth": 1,
            "hidden_size": SIZE,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": SIZE,
            "fullatt_block_indexes": [0],
        },
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": SIZE,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "max_position_embeddings": 4096,
            "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10_000.0},
        },
        audio_token_index=ids[AUDIO_TOKEN],
        audio_start_token_id=ids["<|audio_bos|>"],
        audio_end_token_id=ids["<|audio_eos|>"],
        image_token_index=len(tokenizer) + 1,
        video_token_index=len(tokenizer) + 2,
        vision_start_token_id=len(tokenizer) + 3,
        vision_end_token_id=len(tokenizer) + 4,
        pad_token_id=ids["<|endoftext|>"],
    )
    network = Qwen2_5OmniThinkerForConditionalGeneration(config)
    network.generation_config.eos_token_id = ids["<|im_end|>"]
    network.generation_config.pad_token_id = ids["<|endoftext|>"]
    network.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=128, sampling_rate=16_000).save_pretrained(folder)
    return folder
