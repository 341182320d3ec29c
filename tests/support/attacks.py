"""A document with one thing changed in it, and what of it a checker has to refuse."""

import copy

import pytest
from flint import ctx

from reluenum.verify import CertificateError
from reluenum.verify.arithmetic.decimals import NUMBER_BITS
from reluenum.verify.deep.components import check


def changed(document, way, value):
    """The document with another value, or what a function makes of it, at a place in it.

    What is beside the way to the place is shared.
    """
    (key, *rest), other = way, document.copy()
    if rest:
        other[key] = changed(other[key], rest, value)
    else:
        other[key] = value(copy.deepcopy(other[key])) if callable(value) else value
    return other


def places(value, way=()):
    """Yield the place of everything in a value that has no parts."""
    if isinstance(value, dict | list) and value:
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(part, (*way, key))
    else:
        yield way, value


def lie(value):
    """Something else of the same kind: another sign, digit, number, truth."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str) and set(value) <= set("+-0"):
        return ("-" if value[0] == "+" else "+") + value[1:]
    if isinstance(value, str) and value[-1].isdigit():
        return value[:-1] + str((int(value[-1]) + 1) % 10 or 1)
    return [0]


def refused_components(proof, listed):
    """A proof finds what is listed, and refuses it with any entry or component changed."""
    proof.read()
    with ctx.workprec(NUMBER_BITS):
        components, tried = list(proof.components()), 0
        check(components, listed)
        for way, value in places(listed):
            with pytest.raises((CertificateError, TypeError)):  # the latter for lists of numbers
                check(components, changed(listed, way, lie(value)))
            tried += 1
        for wrong in disordered(listed):
            with pytest.raises(CertificateError, match="component"):
                check(components, wrong)
    assert tried > 25 * len(components)


def disordered(listed):
    """Yield lists with one entry missing or doubled, or two neighbours exchanged, and none."""
    for k in range(len(listed)):
        yield listed[:k] + listed[k + 1 :]
        yield listed[: k + 1] + listed[k:]
        if k:
            yield [*listed[: k - 1], listed[k], listed[k - 1], *listed[k + 1 :]]
    yield from ([], None, {})
