"""Hold the tables of the atlas to new documents about the same problems.

./run -- python -m docs.make.atlas_proofs 10       # ten instances anew, checked and compared
./run -- python -m docs.make.atlas_proofs NAME...
"""

import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from docs.make.atlas_tables import landscape_rows
from reluenum import atlas, enumerate_minima
from reluenum.datasets.atlas import Atlas
from reluenum.documents.results import to_json
from reluenum.problem import Problem
from reluenum.verify import verify


def differences(found: Atlas, name: str, document: Mapping[str, Any]) -> list[str]:
    """Return the columns in which the atlas differs from a document about one of its instances."""
    row, parts = landscape_rows(document)
    held = found.instances[found.instances["instance"] == name].to_dict("records")[0]
    wrong = [key for key, value in row.items() if not _same(held[key], value)]
    components = found.of(name).to_dict("records")
    if len(components) != len(parts):
        return [*wrong, f"{len(components)} components, not {len(parts)}"]
    return wrong + [
        f"{key} of component {part['index']}"
        for have, part in zip(components, parts, strict=True)
        for key, value in part.items()
        if not _same(have[key], value)
    ]


def _same(held: Any, value: Any) -> bool:
    if value is None:
        return held is None or held is pd.NA or (isinstance(held, float) and np.isnan(held))
    return _plain_list(held) == value


def _plain_list(value: Any) -> Any:
    """Return arrays within arrays as lists."""
    return [_plain_list(part) for part in value] if isinstance(value, np.ndarray) else value


def prove(found: Atlas, names: Iterable[str]) -> Iterator[tuple[str, str, list[str]]]:
    """List the minima of instances anew, check the certificates, and compare with the atlas.

    Yields
    ------
    name, proof, differences : str, str, list of str
        What the independent checker has proved, and where the atlas says something else.
    """
    engines = found.instances.set_index("instance")["engine"]
    for name in names:
        problem: Problem = found.problem(name)
        document = enumerate_minima(problem, engine=engines[name]).document
        proof = document["completeness"]
        if "certificate" in document:
            with TemporaryDirectory() as folder:
                file = Path(folder, "minima.json")
                file.write_text(to_json(document), encoding="utf-8")
                proof = verify(file).summary
        yield name, proof, differences(found, name, document)


def main(arguments: Sequence[str]) -> int:
    """Prove some rows of the tables anew."""
    if not arguments:
        print("how many, or which instances?", file=sys.stderr)
        return 2
    found, names, failed = atlas(), arguments, 0
    if len(names) == 1 and names[0].isdecimal():
        small = found.instances[found.instances["supports_examined"] < 100_000]["instance"]
        names = random.Random(0).sample(sorted(small), int(names[0]))
    for name, proof, wrong in prove(found, names):
        failed += bool(wrong)
        print(f"{name}: {proof}; {'differs: ' + ', '.join(wrong) if wrong else 'as in the atlas'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
