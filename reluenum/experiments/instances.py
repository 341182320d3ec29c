"""What the Snakefile has to know of an experiment: its instances, their names and their batches.

Every job of a cluster reads the Snakefile, so nothing heavy is imported here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from glob import glob
from inspect import signature
from itertools import product
from pathlib import Path
from typing import Any

from reluenum.activation import Activation
from reluenum.algebra.scalars import positive_fraction, ratio
from reluenum.datasets.families import FAMILIES
from reluenum.datasets.layout import Layout
from reluenum.errors import InputError, quoted
from reluenum.experiments.names import (
    LONGEST_NAME,
    data_name,
    instance_name,
    is_certifiable,
    method_name,
    slug,
)
from reluenum.paths.grids import MOST_RIDGES, grid, parse_range

SOURCES = ("family", "csv", "data")
"""Where the points of a data set come from: generated, from a file, or written out."""

LAYOUT = tuple(field.name for field in fields(Layout))
"""Keys of a data set that say how to read its file."""

PARAMETERS = tuple(
    dict.fromkeys(name for make in FAMILIES.values() for name in signature(make).parameters)
)
"""Keys of a data set that a family of data sets may take."""

FIGURES = {"units": "hidden units", "fits": "fitted functions", "levels": "losses"}
"""Figures of one instance, with the labels that the report gives them."""

TREE_FIGURES = {"tree": "disconnectivity graph"}
"""Figures of the basins of one instance, with the labels that the report gives them."""

RADII_FIGURES = {"radii": "how far targets may move"}
"""Figures of the stability of one instance, with the labels that the report gives them."""

SUMMARY_FIGURES = {"losses": "losses of all instances"}
"""Figures over all instances of an experiment."""

SWEEP_FIGURES = {
    "minima_by_ridge": "local minima against the ridge",
    "minima_by_size": "local minima by n and L",
    "boundary_share": "isolated minima on boundaries",
    "gaps": "gaps between worst and best minimum",
    "sizes": "isolated minima of full size",
    "cost": "cost against supports",
}
"""Figures of a sweep, with the labels that the report gives them."""

DEPTH_FIGURES = {"depths": "depths of basins", "ways_out": "ways out of basins"}
"""Figures of the basins of a sweep, with the labels that the report gives them."""

STABILITY_FIGURES = {"stability": "how far targets may move"}
"""Figures of the stability of a sweep, with the labels that the report gives them."""

DESCENT_FIGURES = {"basins": "where runs end", "end_losses": "losses where runs end"}
"""Figures of the descents on one instance, with the labels that the report gives them."""

PRACTICE_FIGURES = {"practice": "spurious minima and dead units"}
"""Figures of the descents on all instances, with the labels that the report gives them."""


def instances(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return every instance of an experiment by the name of its folder.

    Parameters
    ----------
    config : dict
        Checked and complete.

    Returns
    -------
    dict
        From names to `label`, `family`, `csv`, `data` (one of them), `parameters`, `width` (of
        several hidden layers a list), `ridge`, `loss`, `output_bias`, `hidden_bias`,
        `activation` and `linear` if they are not the usual ones, and `layout` if the entry says
        how to read its file.

    Raises
    ------
    InputError
        If two instances would share a folder, or an entry contradicts itself.

    Examples
    --------
    >>> entry = {"family": "random", "n": [3, 4], "seed": 7, "width": 2, "ridge": "0.01"}
    >>> config = {"datasets": [entry | {"loss": "sum", "output_bias": "none"}]}
    >>> for name, instance in instances(config).items():
    ...     print(name, instance["parameters"])
    random-n3-d1-L2-ridge1_100-seed7 {'n': 3, 'd': 1, 'seed': 7}
    random-n4-d1-L2-ridge1_100-seed7 {'n': 4, 'd': 1, 'seed': 7}
    """
    found: dict[str, dict[str, Any]] = {}
    for place, entry in _entries(config):
        if "engine" in entry:
            raise InputError(place, "'engine' without a sweep", "`solve: engine`, or `sweep: {}`")
        for instance in _combinations(entry, CONVENTIONS, place):
            _check_boxes(instance, config, place)
            _check_depth(instance, config, place)
            _check_free_biases(instance, config, place)
            _add(found, instance_name(instance), instance, place)
    return found


def _check_boxes(instance: Mapping[str, Any], config: Mapping[str, Any], place: str) -> None:
    """Refuse what the branch engine is not for."""
    solve = config.get("solve", {})
    if instance.get("engine", solve.get("engine")) != "branch":
        return
    asked = {
        "several hidden layers": isinstance(instance["width"], list),
        "a sweep": "sweep" in config,
        "basins": config.get("basins", False),
        "hidden_bias: none": instance.get("hidden_bias") == "none",
        "a linear part": "linear" in instance,
        "another formulation": solve.get("formulation", "reduced") != "reduced",
        "all patterns": solve.get("all_patterns", False),
        "the activation " + instance.get("activation", "relu"): "activation" in instance,
    }
    for found in (found for found, wanted in asked.items() if wanted):
        raise InputError(place, f"{found} with the engine branch", "the engine certified")


def _check_depth(instance: Mapping[str, Any], config: Mapping[str, Any], place: str) -> None:
    """Refuse what there is with one hidden layer only."""
    if not isinstance(instance["width"], list):
        return
    engine = instance.get("engine", config.get("solve", {}).get("engine"))
    if engine == "certified" and not is_certifiable(instance["width"]):
        found = f"certified with hidden layers of widths {','.join(map(str, instance['width']))}"
        raise InputError(place, found, "groebner, or widths L,1 or L,1,1 or 1,L")
    usual = {"formulation": "reduced", "all_patterns": False}
    asked = {
        "output_bias": (instance["output_bias"], "none"),
        "activation": (instance.get("activation", "relu"), "relu"),
        "hidden_bias": (instance.get("hidden_bias", "ridge"), "ridge"),
        "linear": (instance.get("linear", "none"), "none"),
        "basins": (config.get("basins", False), False),
        "stability": (config.get("stability", False), False),
        **{
            f"solve: {key}": (config.get("solve", {}).get(key, value), value)
            for key, value in usual.items()
        },
    }
    for key, (found, expected) in asked.items():
        if found != expected:
            text = f"{key}: {str(found).lower()} with several hidden layers"
            raise InputError(place, text, str(expected).lower())


def _check_free_biases(instance: Mapping[str, Any], config: Mapping[str, Any], place: str) -> None:
    """Refuse what does not go with hidden biases that are not penalised."""
    if instance.get("hidden_bias") != "free":
        return
    solve = config.get("solve", {})
    engine = instance.get("engine", solve.get("engine", "certified"))
    asked = {
        "engine": (engine, "certified"),
        "output_bias": (instance["output_bias"], "free"),
        "activation": (instance.get("activation", "relu"), "relu"),
        "linear": (instance.get("linear", "none"), "none"),
        "basins": (config.get("basins", False), False),
        "stability": (config.get("stability", False), False),
    }
    for key, (found, expected) in asked.items():
        if found != expected:
            text = f"{key}: {str(found).lower()} with hidden_bias: free"
            raise InputError(place, text, str(expected).lower())


def _add(found: dict[str, Any], name: str, value: Any, place: str) -> None:
    """Add what gets a folder of its own."""
    if name in found:
        raise InputError(place, f"a second instance {name}", "another `name` or value")
    if len(name) > LONGEST_NAME:
        raise InputError(
            place, f"a folder name of {len(name)} characters", "a shorter ridge or name"
        )
    found[name] = value


@dataclass
class Batch:
    """Data sets of a sweep that one job examines, at one ridge and for every width.

    Parameters
    ----------
    spec : dict
        As an instance, but without `width`, with `parameters` without the seed, `seeds` (None: not
        generated), `engine`, and `named`: whether the engine belongs to the names.
    widths : tuple of int or list
        Those that are asked for, increasing, then those of several hidden layers. They do not
        belong to `spec`: with another width, what is known of the smaller sizes is still the same.
    """

    spec: dict[str, Any]
    widths: tuple[int | list[int], ...]

    def instances(self, width: int | list[int]) -> list[str]:
        """Return the names of the instances of a width."""
        return [instance_name(instance) for instance in batch_instances(self.spec, width)]


def sizes_up_to(spec: Mapping[str, Any], width: int | list[int]) -> list[Any]:
    """Return the sizes whose supports a width of a batch needs.

    Several hidden layers stand alone, and so do hidden biases without penalty.

    Examples
    --------
    >>> sizes_up_to({}, 3), sizes_up_to({}, [2, 1]), sizes_up_to({"hidden_bias": "free"}, 3)
    ([1, 2, 3], [[2, 1]], [3])
    """
    alone = isinstance(width, list) or spec.get("hidden_bias") == "free"
    return [width] if alone else [*range(1, width + 1)]


def batch_instances(spec: Mapping[str, Any], width: int | list[int]) -> list[dict[str, Any]]:
    """Return the instances of a batch at a width, one for each seed."""
    seeds = [{}] if spec["seeds"] is None else [{"seed": seed} for seed in spec["seeds"]]
    return [{**spec, "parameters": spec["parameters"] | seed, "width": width} for seed in seeds]


def batches(config: Mapping[str, Any]) -> dict[tuple[str, str, str, str], Batch]:
    """Return the batches of a sweep by data, method, ridge and seeds.

    What an instance is asked with is part of the name of its batch, so that a further ridge, n or
    width leaves all other batches as they are. Of further seeds the last batch may grow.

    Parameters
    ----------
    config : dict
        Checked and complete, with a `sweep`.

    Raises
    ------
    InputError
        If an instance is asked for twice, or an entry contradicts itself.

    Examples
    --------
    >>> entry = {"family": "random", "n": 3, "seed": [0, 1, 2], "width": [1, 2], "ridge": "0.01"}
    >>> entry |= {"loss": "sum", "output_bias": "none", "engine": "certified"}
    >>> sweep = {"datasets": [entry], "sweep": {"data_sets_per_job": 2}}
    >>> for names, batch in batches(sweep).items():
    ...     print(names, batch.widths)
    ('random-n3-d1', 'certified', '1_100', '0-1') (1, 2)
    ('random-n3-d1', 'certified', '1_100', '2') (1, 2)
    """
    per_job = config["sweep"]["data_sets_per_job"]
    taken: dict[str, None] = {}
    grouped: dict[tuple, tuple[dict[str, Any], list[int], tuple[int | list[int], ...]]] = {}
    for k, (place, entry) in enumerate(_entries(config)):
        widths = tuple(sorted(_listed(entry["width"]), key=lambda w: (isinstance(w, list), w)))
        for twice in (width for width in widths if widths.count(width) > 1):
            raise InputError(place, f"the width {twice} twice", "every width once")
        conventions = {"engine": config.get("solve", {}).get("engine", "groebner"), **entry}
        axes = tuple(key for key in (*CONVENTIONS, "engine") if key != "width")
        for series in _combinations(conventions, axes, place):
            for width in widths:
                _check_boxes(series | {"width": width}, config, place)
                _check_depth(series | {"width": width}, config, place)
                _check_free_biases(series | {"width": width}, config, place)
            series["named"] = "engine" in entry
            _add(taken, instance_name(series | {"width": "*", "named": True}), None, place)
            parameters = dict(series["parameters"])
            seed = parameters.pop("seed", None)
            spec = series | {"parameters": parameters}
            part = None if seed is None else seed // per_job
            key = (k, data_name(spec), method_name(spec), slug(spec["ridge"]), part)
            grouped.setdefault(key, (spec, [], widths))[1].append(seed)
    found = {}
    for (_, *names, part), (spec, seeds, widths) in grouped.items():
        numbers = None if part is None else sorted(seeds)
        ends = ["whole"] if numbers is None else dict.fromkeys([numbers[0], numbers[-1]])
        found[*names, "-".join(map(str, ends))] = Batch(spec | {"seeds": numbers}, widths)
    return found


def paths(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the ridge paths of an experiment by name.

    Parameters
    ----------
    config : dict
        Checked and complete.

    Returns
    -------
    dict
        From names to instances (see `instances`) with the lower end of the interval as `ridge`,
        the upper one as `high`, and `points` and `exact`.

    Examples
    --------
    >>> entry = {"family": "reference", "width": 2, "loss": "sum", "output_bias": "none"}
    >>> entry["path"] = {"from": "1/100", "to": "1", "points": 9, "exact": False}
    >>> ((name, path),) = paths({"datasets": [entry]}).items()
    >>> name, path["ridge"], path["high"]
    ('reference-L2', '1/100', '1')
    """
    found: dict[str, dict[str, Any]] = {}
    for place, entry in _entries(config):
        if "path" not in entry:
            continue
        if any(isinstance(width, list) for width in _listed(entry["width"])):
            raise InputError(place, "several hidden layers in a path", "one hidden layer there")
        low, high = map(str, _interval("path", entry["path"], place))
        settings = {
            "high": high,
            "points": entry["path"]["points"],
            "exact": entry["path"]["exact"],
        }
        for instance in _combinations(entry | {"ridge": low}, CONVENTIONS, place):
            _check_free_biases(instance, config, place)
            name = instance_name(instance).replace(f"-ridge{slug(low)}", "", 1)
            _add(found, name, instance | settings, place)
    return found


CONVENTIONS = ("width", "ridge", "loss", "output_bias")
"""Keys of a data set that say what is asked of it."""

UNUSUAL = {"hidden_bias": "ridge", "activation": "relu", "linear": "none"}
"""Further ones, with what is meant where an instance has none."""


def _entries(config: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the data sets of a configuration with their places: one family or file, no ranges."""
    for k, given in enumerate(config["datasets"]):
        place = f"configuration, datasets[{k}]"
        entry = _with_width(given, place)
        listed = {key: _values(key, value, place) for key, value in entry.items()}
        if isinstance(entry.get("family"), list):
            yield from ((place, listed | {"family": family}) for family in entry["family"])
        elif "csv" in entry:
            files = [path for text in _listed(entry["csv"]) for path in _files(text, place)]
            yield from ((place, listed | {"csv": path}) for path in files)
        else:
            yield place, listed


def _with_width(entry: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    """Return an entry whose widths are those of `width`, and the layers that `hidden` lists.

    Several hidden layers are a list of their widths; beside `width`, a `hidden` without lists of
    its own is of a family.
    """
    hidden = entry.get("hidden")
    several = isinstance(hidden, list) and any(isinstance(layers, list) for layers in hidden)
    if "width" in entry and not several:
        return entry
    if hidden is None:
        raise InputError(place, "no key 'width'", "it, or 'hidden' with several layers")
    if isinstance(hidden, dict):
        raise InputError(f"{place}.hidden", "a range", "widths of layers such as [2, 1]")
    networks = [[*map(int, _listed(h))] for h in (hidden if several else [hidden])]
    widths = [*_listed(_values("width", entry.get("width", []), place))]
    widths += [layers if len(layers) > 1 else layers[0] for layers in networks]
    return {key: entry[key] for key in entry if key != "hidden"} | {"width": widths}


def _values(key: str, value: Any, place: str) -> Any:
    """Return the list that a range stands for; other values as they are."""
    if key in ("data", "path") or not isinstance(value, dict):
        return value
    first, last = value["from"], value["to"]
    if key == "ridge":
        return [str(ridge) for ridge in grid(*_interval(key, value, place), value["points"])]
    if not first <= last < first + MOST_RIDGES:
        raise InputError(f"{place}.{key}", f"from {first} to {last}", "a range, not empty or huge")
    return list(range(first, last + 1))


def _interval(key: str, value: Mapping[str, Any], place: str) -> tuple[Any, Any]:
    """Return the ends of an interval of ridges."""
    try:
        return parse_range(f"{value['from']}:{value['to']}")
    except InputError as error:
        raise InputError(f"{place}.{key}", error.found, error.expected) from error


def _files(text: str, place: str) -> list[str]:
    """Return the files that a pattern stands for; a plain path as it is."""
    if not any(character in text for character in "*?["):
        return [text]
    found = sorted(glob(text, recursive=True))
    if not found:
        raise InputError(f"{place}.csv", f"no file matches {text!r}", "a pattern of CSV files")
    return found


def _combinations(
    entry: Mapping[str, Any], conventions: Sequence[str], place: str
) -> Iterator[dict[str, Any]]:
    """Yield every combination of the values that an entry lists."""
    values = _parameters(entry, place)
    axes = tuple(values)
    values |= {key: entry[key] for key in conventions}
    values |= {key: entry[key] for key in UNUSUAL if key in entry}
    layout = _layout(entry, place)
    for chosen in product(*map(_listed, values.values())):
        point = dict(zip(values, chosen, strict=True))
        point = {key: _canonical(key, value, place) for key, value in point.items()}
        point = {key: value for key, value in point.items() if UNUSUAL.get(key) != value}
        yield {
            "label": entry.get("name") or entry.get("family") or _stem(entry.get("csv", "data")),
            "family": entry.get("family"),
            "csv": entry.get("csv"),
            "data": entry.get("data"),
            "parameters": {key: point[key] for key in axes},
            **{key: point[key] for key in point if key not in axes},
            **({"layout": layout} if layout else {}),
        }


def _stem(path: str) -> str:
    """Return the name of a file without its ending, also without that of its compression."""
    name = Path(path).name.removesuffix(".gz").removesuffix(".bz2").removesuffix(".xz")
    return "".join(c if c.isalnum() else "_" for c in Path(name).stem)


def _layout(entry: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return what an entry says of its file, checked."""
    given = {key: entry[key] for key in LAYOUT if key in entry}
    if given and "csv" not in entry:
        raise InputError(place, f"{next(iter(given))!r} without 'csv'", "it beside a file only")
    try:
        Layout(**given)
    except InputError as error:
        raise InputError(f"{place}.{error.where}", error.found, error.expected) from error
    return given


def _parameters(entry: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return the parameters of an entry's family, with the defaults of n, d and seed."""
    given = {key: entry[key] for key in PARAMETERS if key in entry}
    named = [key for key in SOURCES if key in entry]
    if len(named) != 1:
        found = " and ".join(map(repr, named)) or "no data"
        raise InputError(place, found, f"one of {', '.join(SOURCES)}")
    if "family" not in entry:
        if given:
            raise InputError(place, f"{next(iter(given))!r} beside {named[0]!r}", "only the data")
        return {}
    if entry["family"] not in FAMILIES:
        expected = f"one of {', '.join(FAMILIES)}"
        raise InputError(f"{place}.family", quoted(entry["family"]), expected)
    accepted = signature(FAMILIES[entry["family"]]).parameters
    for key in given:
        if key not in accepted:
            expected = f"only {', '.join(accepted)}" if accepted else "no parameter"
            raise InputError(place, f"{key!r} beside family {entry['family']}", expected)
    if "n" in accepted and "n" not in given:
        raise InputError(place, f"no key 'n' beside family {entry['family']}", "how many points")
    implied = {key: accepted[key].default for key in ("n", "d", "seed") if key in accepted}
    return implied | given


def _canonical(key: str, value: Any, place: str) -> Any:
    """Return the one form of a value, so that equal instances get equal names."""
    if key == "activation":
        return _activation_text(value, place)
    if isinstance(value, int | float):
        return int(value)  # the schema has seen to it that this is exact
    try:
        if key == "ridge":
            return str(positive_fraction(value, key))
        if key == "noise":
            return str(Fraction(*ratio(value)))
    except ValueError as error:
        found = error.found if isinstance(error, InputError) else str(error)
        raise InputError(f"{place}.{key}", found, "a positive decimal or fraction") from error
    return value


def _activation_text(value: str, place: str) -> str:
    """Return the one text of an activation."""
    try:
        return Activation.of(value).text
    except InputError as error:
        raise InputError(f"{place}.activation", error.found, error.expected) from error


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
