"""Grade an essay before your eyes: each field appears while the model writes it."""

from argparse import ArgumentParser
from pathlib import Path

from pydantic import BaseModel, Field
from rich.live import Live
from rich.pretty import Pretty

from deterministic_llm import FieldClosed, Model, TextGrown

ESSAY = Path(__file__).with_name("essays") / "brief/2-buses.txt"


class EssayGrade(BaseModel):
    """The grade of one essay."""

    score: int = Field(ge=0, le=10)
    summary: str = Field(max_length=160)


def main() -> None:
    """Show the grade of one essay as it comes."""
    arguments = ArgumentParser(description=__doc__)
    arguments.add_argument("--model", default="local:smollm2-135m")
    llm, told = Model(arguments.parse_args().model, seed=7), dict[str, str]()
    prompt = f"Grade this essay.\n\n{ESSAY.read_text('utf-8')}"
    with llm.stream(prompt, EssayGrade) as events, Live() as screen:
        for event in events:
            match event:
                case FieldClosed(path, value):
                    told[path] = str(value)
                case TextGrown(path, delta, anew):
                    told[path] = delta if anew else told.get(path, "") + delta
            screen.update(Pretty(told, expand_all=True))


if __name__ == "__main__":
    main()
