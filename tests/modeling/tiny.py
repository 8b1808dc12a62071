"""A tiny base of any architecture, with random weights and a real tokenizer, made here in a moment and always alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

POSITIONS = 320
SENTENCES = (
    "print paper toner tray jam printer",
    "pay slip bank wage month salary",
    "door card lock gate entry badge",
    "please my the again today is not help with a",
    "The meeting of the board moved from Monday to Thursday, said Anna Berg in Hamburg.",
    "Why does the printer in room 214 print blank pages? Because its toner is empty.",
    "Summarise: the invoice of March was paid twice, and the supplier returned the money in April.",
    "Das Treffen wurde auf Donnerstag verschoben. La réunion est reportée à jeudi.",
    "user assistant system model instruction input response question answer context",
)
BERT_PAIR = ("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1")
ROBERTA_PAIR = ("<s> $A </s>", "<s> $A </s> </s> $B </s>")
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
INST = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %} {{ message['content'] }}"
    "{{ eos_token }}{% else %}[INST] {{ message['content'] }} [/INST]{% endif %}{% endfor %}"
)
TURNS = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}{% for message in messages %}<start_of_turn>"
    "{{ 'model' if message['role'] == 'assistant' else message['role'] }}\n{{ message['content'] }}<end_of_turn>\n"
    "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)


@dataclass(frozen=True)
class Specials:
    """The special tokens of a tokenizer in the order of their ids, what each is for, and where it puts them."""

    tokens: str  # parted by blanks
    roles: dict[str, str]
    single: str = "$A"
    pair: str = "$A $B"
    chat_template: str | None = None
    segments: bool = False  # whether the second text of a pair is marked as such


@dataclass(frozen=True)
class Tiny:
    """How an architecture is built: which stack, its sizes, and its tokenizer's special tokens."""

    stack: str  # which of transformers' Auto classes
    specials: Specials
    sizes: dict[str, Any] = field(default_factory=dict)
    common: bool = True  # whether its sizes have the usual names


def _roles(**tokens: str) -> dict[str, str]:
    return {f"{role}_token": token for role, token in tokens.items()}


BERT = Specials(
    "[PAD] [UNK] [CLS] [SEP] [MASK]",
    _roles(pad="[PAD]", unk="[UNK]", cls="[CLS]", sep="[SEP]", mask="[MASK]"), *BERT_PAIR, segments=True,
)  # fmt: skip
ALBERT = Specials(
    "<pad> <unk> [CLS] [SEP] [MASK]",
    _roles(pad="<pad>", unk="<unk>", cls="[CLS]", sep="[SEP]", mask="[MASK]"), *BERT_PAIR, segments=True,
)  # fmt: skip
ROBERTA = Specials(
    "<s> <pad> </s> <unk> <mask>",
    _roles(bos="<s>", pad="<pad>", eos="</s>", unk="<unk>", cls="<s>", sep="</s>", mask="<mask>"), *ROBERTA_PAIR,
)  # fmt: skip
T5 = Specials("<pad> </s> <unk>", _roles(pad="<pad>", eos="</s>", unk="<unk>"), "$A </s>", "$A </s> $B </s>")
ENDOFTEXT = Specials("<|endoftext|>", _roles(bos="<|endoftext|>", eos="<|endoftext|>", unk="<|endoftext|>"))
LLAMA = Specials("<unk> <s> </s>", _roles(unk="<unk>", bos="<s>", eos="</s>"), "<s> $A", "<s> $A <s> $B")
MISTRAL = Specials(LLAMA.tokens, LLAMA.roles, LLAMA.single, LLAMA.pair, INST)
QWEN = Specials(
    "<|endoftext|> <|im_start|> <|im_end|>", _roles(pad="<|endoftext|>", eos="<|im_end|>"), chat_template=CHATML
)
GEMMA = Specials(
    "<pad> <eos> <bos> <unk> <start_of_turn> <end_of_turn>",
    _roles(pad="<pad>", eos="<eos>", bos="<bos>", unk="<unk>"), "<bos> $A", "<bos> $A <bos> $B", TURNS,
)  # fmt: skip

COMMON = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64,
    "max_position_embeddings": POSITIONS,
}  # fmt: skip
DISTILBERT_SIZES = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "max_position_embeddings": POSITIONS}
T5_SIZES = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 0}
BART_SIZES = {
    "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "max_position_embeddings": POSITIONS, "decoder_start_token_id": 2,
    "forced_eos_token_id": 2,
}  # fmt: skip
GPT2_SIZES = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": POSITIONS}
SHARED_KEYS = {"num_key_value_heads": 1}
TIED = {**SHARED_KEYS, "head_dim": 16, "tie_word_embeddings": True}

ARCHITECTURES = {
    "bert": Tiny("AutoModel", BERT),
    "albert": Tiny("AutoModel", ALBERT, {"embedding_size": 16}),
    "roberta": Tiny("AutoModel", ROBERTA, {"max_position_embeddings": POSITIONS + 2, "type_vocab_size": 1}),
    "distilbert": Tiny("AutoModel", BERT, DISTILBERT_SIZES, common=False),
    "camembert": Tiny("AutoModel", ROBERTA, {"max_position_embeddings": POSITIONS + 2, "type_vocab_size": 1}),
    "xlm-roberta": Tiny("AutoModel", ROBERTA, {"max_position_embeddings": POSITIONS + 2, "type_vocab_size": 1}),
    "mpnet": Tiny("AutoModel", ROBERTA, {"max_position_embeddings": POSITIONS + 2}),
    "modernbert": Tiny("AutoModel", BERT, {"cls_token_id": 2, "sep_token_id": 3}),
    "deberta": Tiny("AutoModel", BERT),
    "electra": Tiny("AutoModel", BERT, {"embedding_size": 16}),
    "deberta-v2": Tiny("AutoModel", BERT, {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]}),
    "t5": Tiny("AutoModelForSeq2SeqLM", T5, T5_SIZES, common=False),
    "mt5": Tiny("AutoModelForSeq2SeqLM", T5, {**T5_SIZES, "tie_word_embeddings": False}, common=False),
    "bart": Tiny("AutoModelForSeq2SeqLM", ROBERTA, BART_SIZES, common=False),
    "gpt2": Tiny("AutoModelForCausalLM", ENDOFTEXT, GPT2_SIZES, common=False),
    "llama": Tiny("AutoModelForCausalLM", LLAMA, SHARED_KEYS),
    "mistral": Tiny("AutoModelForCausalLM", MISTRAL, SHARED_KEYS),
    "qwen2": Tiny("AutoModelForCausalLM", QWEN, {**SHARED_KEYS, "tie_word_embeddings": True}),
    "qwen3": Tiny("AutoModelForCausalLM", QWEN, TIED),
    "gemma": Tiny("AutoModelForCausalLM", GEMMA, TIED),
    "gemma2": Tiny("AutoModelForCausalLM", GEMMA, TIED),
    "gemma3_text": Tiny("AutoModelForCausalLM", GEMMA, TIED),
    "phi": Tiny("AutoModelForCausalLM", ENDOFTEXT),
    "phi3": Tiny("AutoModelForCausalLM", ENDOFTEXT, SHARED_KEYS),
}


def tiny(architecture: str, folder: Path) -> Path:
    """Write a base of that architecture, two layers and 32 wide, into the folder, as its publisher would."""
    import torch
    import transformers

    made = ARCHITECTURES[architecture]
    tokenizer = _tokenizer(made.specials)
    ids = {f"{role}_id": tokenizer.convert_tokens_to_ids(token) for role, token in made.specials.roles.items()}
    known = {role: ids.get(role) for role in ("pad_token_id", "bos_token_id", "eos_token_id")}
    sizes = {**(COMMON if made.common else {}), **made.sizes, "vocab_size": len(tokenizer), **known}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        config = transformers.AutoConfig.for_model(architecture, **sizes)
        getattr(transformers, made.stack).from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer(specials: Specials) -> Any:
    """Return a byte-level tokenizer: every text comes back from its tokens, and offsets count characters."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    names = specials.tokens.split(" ")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=512, special_tokens=names, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=True),
            processors.TemplateProcessing(
                single=specials.single, pair=specials.pair,
                special_tokens=[(name, tokenizer.token_to_id(name)) for name in names],
            ),
        ]
    )  # fmt: skip
    inputs = ["input_ids", *(["token_type_ids"] if specials.segments else []), "attention_mask"]
    fast: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, model_max_length=POSITIONS, model_input_names=inputs, **specials.roles
    )
    fast.chat_template = specials.chat_template
    return fast
