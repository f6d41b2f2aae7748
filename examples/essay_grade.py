"""Grade an essay with a pydantic model: what comes back is an instance of it, validated."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from deterministic_llm import Model

ESSAY = Path(__file__).with_name("essays") / "brief/2-buses.txt"


class EssayGrade(BaseModel):
    """The grade of one essay."""

    level: Literal["poor", "fair", "good", "excellent"]
    score: int = Field(ge=0, le=10)
    strengths: list[Annotated[str, Field(max_length=60)]] = Field(max_length=2)


def main() -> None:
    """Print the grade of one essay."""
    arguments = ArgumentParser(description=__doc__)
    arguments.add_argument("--model", default="local:smollm2-135m")
    llm = Model(arguments.parse_args().model, seed=7)

    @llm.enforce(EssayGrade)
    def grade(essay: str) -> str:
        return f"Grade this essay.\n\n{essay}"

    print(grade(ESSAY.read_text("utf-8")).model_dump_json(indent=2))


if __name__ == "__main__":
    main()
