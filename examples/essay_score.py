"""Grade an essay with a template: what comes back is a number from 0 to 10, not a sentence."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Annotated

from pydantic import Field

from deterministic_llm import Model, Template

SCORE = Template("Essay score: {score}/10", score=Annotated[int, Field(ge=0, le=10)])
ESSAY = Path(__file__).with_name("essays") / "brief/2-buses.txt"


def main() -> None:
    """Print the score of one essay, and how it was come by."""
    arguments = ArgumentParser(description=__doc__)
    arguments.add_argument("--model", default="local:smollm2-135m")
    llm = Model(arguments.parse_args().model, seed=7)

    @llm.enforce(SCORE)
    def grade(essay: str) -> str:
        return (
            f"Grade this essay from 0 to 10.\n\n{essay}\n\n"
            "Output in the following format: Essay score: {score}/10 and nothing else."
        )

    result = grade.run(ESSAY.read_text("utf-8"))
    score: int = result.output.score
    print(f"{score} of 10 points")
    print(result.explain())


if __name__ == "__main__":
    main()
