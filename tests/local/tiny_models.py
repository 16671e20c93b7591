"""Makes two models of random weights, one for texts and one that sees images: what they answer is noise.

Run it with the Python that has torch and transformers: `python tiny_models.py FOLDER [HIDDEN LAYERS]` makes
FOLDER/text and FOLDER/vision, the same files at every run. They show that a server is asked rightly, never that it
judges well.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

SEED = 11
HIDDEN, LAYERS = map(int, sys.argv[2:4] or (128, 2))
HEAD = 32
LONGEST = 8192
VOCABULARY = 1024
TURN, END, PAD = "<|im_start|>", "<|im_end|>", "<|endoftext|>"
SIGHT = ("<|vision_start|>", "<|image_pad|>", "<|vision_end|>", "<|video_pad|>")
TEMPLATE = (
    "{% for message in messages %}"
    f"{TURN}{{{{ message.role }}}}\n"
    "{% if message.content is string %}{{ message.content }}{% else %}"
    "{% for part in message.content %}"
    f"{{% if part.type == 'text' %}}{{{{ part.text }}}}{{% else %}}{SIGHT[0]}{SIGHT[1]}{SIGHT[2]}{{% endif %}}"
    "{% endfor %}{% endif %}"
    f"{END}\n"
    "{% endfor %}"
    f"{{% if add_generation_prompt %}}{TURN}assistant\n{{% endif %}}"
)


def sentences() -> list[str]:
    """Something to learn pieces of words from."""
    drawn = random.Random(SEED)
    organs = ("left lung", "right kidney", "liver", "spleen", "heart", "third rib", "left hip", "aorta")
    findings = ("nodule", "effusion", "fracture", "stenosis", "mass", "opacity", "cyst", "haematoma")
    found = [
        f"There is a {drawn.randint(1, 90)} mm {finding} of the {organ}."
        for finding in findings
        for organ in organs
    ]
    found += [
        f'{{"accuracy":{{"rationale":"The {drawn.choice(findings)} is named.","evidence":[],"level":{level % 6}}}}}'
        for level in range(120)
    ]
    return [*found, "Judge the response by each criterion and answer with one JSON object, nothing else."]


def tokenizer() -> Any:
    """Byte pairs; every digit is a piece of its own, so that a level is one token."""
    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\d| ?[A-Za-z]+|\s+|[^A-Za-z\d\s]"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    pieces.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, TURN, END, *SIGHT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    pieces.train_from_iterator(sentences(), trainer)
    found = transformers.PreTrainedTokenizerFast(
        tokenizer_object=pieces, eos_token=END, pad_token=PAD, model_max_length=LONGEST
    )
    found.chat_template = TEMPLATE
    return found


def shape(words: Any) -> dict[str, Any]:
    """What both have in common."""
    return {
        "vocab_size": -(-len(words) // 64) * 64,
        "hidden_size": HIDDEN,
        "intermediate_size": 2 * HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HIDDEN // HEAD,
        "num_key_value_heads": HIDDEN // HEAD // 2,
        "max_position_embeddings": LONGEST,
        "tie_word_embeddings": False,
        "initializer_range": 0.2,
        "eos_token_id": words.eos_token_id,
        "pad_token_id": words.pad_token_id,
    }


def text_model(words: Any) -> Any:
    """A Qwen3 of half a million weights."""
    return transformers.Qwen3ForCausalLM(transformers.Qwen3Config(**shape(words), head_dim=HEAD))


def vision_model(words: Any) -> Any:
    """A Qwen2.5-VL of less than a million."""
    start, image, end, video = (words.convert_tokens_to_ids(mark) for mark in SIGHT)
    rope = {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [4, 6, 6]}
    sight = {
        "depth": 2,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_heads": 2,
        "out_hidden_size": HIDDEN,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "window_size": 56,
        "fullatt_block_indexes": [1],
    }
    config = transformers.Qwen2_5_VLConfig(
        text_config=shape(words) | {"rope_parameters": rope},
        vision_config=sight,
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
        tie_word_embeddings=False,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
    )
    return transformers.Qwen2_5_VLForConditionalGeneration(config)


def processor(words: Any) -> Any:
    """What turns pixels into patches, at most 256 of them."""
    pixels = {"shortest_edge": 28 * 28, "longest_edge": 256 * 28 * 28}
    return transformers.Qwen2_5_VLProcessor(
        image_processor=transformers.Qwen2VLImageProcessor(size=pixels),
        tokenizer=words,
        video_processor=transformers.Qwen2VLVideoProcessor(),
        chat_template=TEMPLATE,
    )


def main() -> None:
    """Make both."""
    home = Path(sys.argv[1])
    words = tokenizer()
    for name, make in (("text", text_model), ("vision", vision_model)):
        torch.manual_seed(SEED)
        model = make(words).to(torch.bfloat16)
        model.generation_config.eos_token_id = words.eos_token_id
        model.save_pretrained(home / name)
        words.save_pretrained(home / name)
        if name == "vision":
            processor(words).save_pretrained(home / name)
        sys.stdout.write(f"{name}: {sum(each.numel() for each in model.parameters())} weights\n")


if __name__ == "__main__":
    main()
