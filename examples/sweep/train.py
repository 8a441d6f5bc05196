"""One training of a sweep: gradient descent down a bowl; the last line is what the sweep reads."""

import argparse
import json
import math


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    place = 3.0 + math.sin(options.seed)
    for _ in range(40):
        place -= options.lr * 2 * place
    print(json.dumps({"lr": options.lr, "seed": options.seed, "loss": place * place}))


if __name__ == "__main__":
    main()
