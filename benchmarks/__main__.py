"""``python -m benchmarks``: every table, or those named."""

from __future__ import annotations

import argparse
import secrets

from benchmarks import accuracy, guarding, imports, incremental, loop, speed, streaming, tokens


def main() -> None:
    """Run what the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(_PARTS))
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    parser.add_argument("--cases", type=int, default=1000, help="damaged values")
    parser.add_argument("--show", type=int, default=0, help="faults shown in full")
    parser.add_argument("--rounds", type=int, default=25, help="rounds of what is timed")
    options = parser.parse_args()
    for part in options.parts:
        _PARTS[part](options)


_PARTS = {
    "accuracy": lambda options: accuracy.main(
        seed=options.seed, cases=options.cases, shown=options.show
    ),
    "speed": lambda options: speed.main(rounds=options.rounds),
    "imports": lambda options: imports.main(rounds=options.rounds),
    "tokens": lambda _: tokens.main(),
    "loop": lambda options: loop.main(rounds=options.rounds),
    "incremental": lambda options: incremental.main(rounds=options.rounds),
    "guarding": lambda options: guarding.main(rounds=options.rounds),
    "streaming": lambda options: streaming.main(rounds=options.rounds),
}

if __name__ == "__main__":
    main()
