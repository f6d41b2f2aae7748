"""Fill a JSON Schema file from a text: what comes back is plain JSON that is valid for it."""

import json
from argparse import ArgumentParser
from pathlib import Path

from deterministic_llm import Model, Schema

REPORT = Schema.from_file(Path(__file__).parents[1] / "schemas" / "weather_report.v1.json")
FORECAST = (
    "Bergen on Tuesday: rain all day, heavy in the afternoon, between 7 and 11 degrees. "
    "Wind from the southwest at 45 km/h. Small streams may flood."
)


def main() -> None:
    """Print the report as JSON."""
    arguments = ArgumentParser(description=__doc__)
    arguments.add_argument("--model", default="local:smollm2-135m")
    llm = Model(arguments.parse_args().model, seed=7)
    report = llm.generate(f"Put this forecast into a weather report.\n\n{FORECAST}", REPORT)
    print(json.dumps(report, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
