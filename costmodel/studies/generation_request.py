"""What is asked of a language model: prompts in, tokens out, on some devices."""

from __future__ import annotations

from dataclasses import dataclass

from costmodel.errors import BadValue, Place

OPTIONS = {"devices": "tensor-parallel", "experts": "expert-parallel"}
"""What the command calls the fields of a request that it does not call by their names."""


@dataclass(frozen=True)
class GenerationRequest:
    """What is asked of a model."""

    prompt: int
    """Tokens in, of each sequence."""
    generate: int
    """Tokens out, for each sequence."""
    batch: int = 1
    """Sequences that run at once."""
    concurrency: int | None = None
    """Sequences that a server decodes at once, prompts being read one at a time."""
    devices: int = 1
    """Devices that share the model."""
    experts: int = 1
    """Devices that share the experts, among these."""

    def __post_init__(self) -> None:
        for word, value in vars(self).items():
            if value is None and word == "concurrency":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                place = Place(f"--{OPTIONS.get(word, word)}")
                raise BadValue(f"{value!r}", "use a whole number from 1").at(place)

    @property
    def sequences(self) -> int:
        """The sequences that are decoded together."""
        return self.concurrency or self.batch

    @property
    def length(self) -> int:
        """Tokens that each sequence keeps: all of them, or half its answer while being served."""
        return self.prompt + (self.generate // 2 if self.concurrency else self.generate)

    def per_token(self, prompt: float, step: float) -> float:
        """What a generated token takes of something, the prompt's among it, on all devices.

        Given are what one `prompt` of a device takes, of all sequences unless they are served, and
        what one `step` of all sequences does. Two sequences of 3 tokens, whose prompts take 4 J
        together and whose steps take 1 J, take (4 + 2) / 6 = 1 J a token.

        >>> GenerationRequest(16, 3, batch=2).per_token(4.0, 1.0)
        1.0

        """
        prompts = 1 if self.concurrency else self.batch
        each = prompt / prompts + (self.generate - 1) * step / self.sequences
        return self.devices * each / self.generate
