"""Scores that hold the music of works which are measured on, under whatever title: not to be trained on.

    python -m processors.training.beats.held_out CATALOGUE --prefix asap/ --out FILE

CATALOGUE holds the scores to train on and the measured works, whose paths start with the prefix.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from processors.identify import Catalogue
from processors.training.twins import twins_of


def main() -> None:
    """Parse the command line; write a JSON list of paths."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--prefix", default="asap/")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    catalogue = Catalogue.open(options.catalogue)
    measured = [work.path for work in catalogue.works() if work.path.startswith(options.prefix)]
    twins = set().union(*twins_of(catalogue, measured).values()) if measured else set()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(sorted(twins - set(measured)), indent=0))
    print(f"{len(measured)} works measured, {len(twins) - len(measured)} others hold the same music")


if __name__ == "__main__":
    main()
