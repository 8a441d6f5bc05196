"""A language model that learns a small text letter by letter, with nothing but the standard library.

It looks at the last `CONTEXT` characters, turns each into a few numbers (an embedding), mixes those in one hidden
layer, and says how likely each character comes next. The gradients are written out by hand, so you can read what
`loss.backward()` does for you elsewhere.
"""

import argparse
import math
import os
import random
import sys
from pathlib import Path

CONTEXT = 3  # characters that the model looks back
EMBEDDING = 6  # numbers for each of them
HIDDEN = 24  # numbers in the hidden layer
BATCH = 32  # examples for each step


def main() -> int:
    options = parse_options()
    random.seed(7)
    text = (Path(__file__).parent / "data" / "harbour.txt").read_text("utf-8")
    model = Model(sorted(set(text)))
    print(f"{len(text)} characters, {len(model.letters)} different ones, {model.size} parameters", flush=True)

    smoothed = math.log(len(model.letters))  # what a model that knows nothing would lose
    for step in range(1, options.steps + 1):
        loss = model.learn(examples(text), options.lr * (1 - 0.9 * step / options.steps))
        smoothed += 0.05 * (loss - smoothed)
        if step % 20 == 0:
            print(f"step {step:4d}/{options.steps}  loss {smoothed:.4f}", flush=True)
        if options.exit_code and step >= options.steps // 3:
            print(f"error: told to stop with exit code {options.exit_code} at step {step}", file=sys.stderr)
            return options.exit_code

    print("sample:", model.write(160))
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--lr", type=float, default=0.6, help="learning rate at the start")
    parser.add_argument(
        "--break",
        dest="exit_code",
        action="store_const",
        const=3,
        default=int(os.environ.get("CHAMBER_DEMO_EXIT", "0")),
        help="fail after a third of the steps, with exit code 3 (or that of CHAMBER_DEMO_EXIT)",
    )
    return parser.parse_args()


def examples(text: str) -> list[tuple[str, str]]:
    """Random places in the text: what comes before, and the letter that follows."""
    places = [random.randrange(CONTEXT, len(text)) for _ in range(BATCH)]
    return [(text[place - CONTEXT : place], text[place]) for place in places]


class Model:
    def __init__(self, letters: list[str]) -> None:
        self.letters = letters
        self.index = {letter: number for number, letter in enumerate(letters)}
        self.embeddings = matrix(len(letters), EMBEDDING, 0.5)
        self.into = matrix(HIDDEN, CONTEXT * EMBEDDING, 1 / math.sqrt(CONTEXT * EMBEDDING))
        self.out = matrix(len(letters), HIDDEN, 1 / math.sqrt(HIDDEN))
        self.size = sum(len(rows) * len(rows[0]) for rows in (self.embeddings, self.into, self.out))

    def forward(self, context: str) -> tuple[list[float], list[float], list[float]]:
        """The inputs, the hidden layer, and how likely each letter comes next."""
        inputs = [value for letter in context for value in self.embeddings[self.index[letter]]]
        hidden = [math.tanh(dot(row, inputs)) for row in self.into]
        return inputs, hidden, softmax([dot(row, hidden) for row in self.out])

    def learn(self, batch: list[tuple[str, str]], rate: float) -> float:
        """One step down the gradient; returns the mean loss before it."""
        loss = 0.0
        for context, letter in batch:
            inputs, hidden, likely = self.forward(context)
            loss -= math.log(likely[self.index[letter]])
            self.descend(context, self.index[letter], inputs, hidden, likely, rate / math.sqrt(len(batch)))
        return loss / len(batch)

    def descend(
        self, context: str, right: int, inputs: list[float], hidden: list[float], likely: list[float], rate: float
    ) -> None:
        """Move every parameter against its part in the loss, from the last layer back to the first."""
        d_scores = likely.copy()
        d_scores[right] -= 1.0  # softmax and logarithm together have this simple slope
        d_hidden = [0.0] * HIDDEN
        for slope, row in zip(d_scores, self.out, strict=True):
            for j in range(HIDDEN):
                d_hidden[j] += slope * row[j]
                row[j] -= rate * slope * hidden[j]
        d_inputs = [0.0] * len(inputs)
        for slope, value, row in zip(d_hidden, hidden, self.into, strict=True):
            through_tanh = slope * (1.0 - value * value)
            for j in range(len(inputs)):
                d_inputs[j] += through_tanh * row[j]
                row[j] -= rate * through_tanh * inputs[j]
        for place, letter in enumerate(context):
            embedding = self.embeddings[self.index[letter]]
            for j in range(EMBEDDING):
                embedding[j] -= rate * d_inputs[place * EMBEDDING + j]

    def write(self, length: int) -> str:
        """Text that the model makes up, letter by letter."""
        text = "The"
        while len(text) < length:
            _, _, likely = self.forward(text[-CONTEXT:])
            text += random.choices(self.letters, [chance**1.4 for chance in likely])[0]
        return text.replace("\n", " ")


def matrix(rows: int, columns: int, spread: float) -> list[list[float]]:
    return [[random.uniform(-spread, spread) for _ in range(columns)] for _ in range(rows)]


def dot(left: list[float], right: list[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


def softmax(scores: list[float]) -> list[float]:
    highest = max(scores)
    powers = [math.exp(score - highest) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


if __name__ == "__main__":
    sys.exit(main())
