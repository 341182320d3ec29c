"""Rational networks next to stationary deep ones."""

import numpy as np
from flint import ctx, fmpq

from reluenum.engines.deep.cells.jets import jets
from reluenum.engines.deep.cells.kinks import Surroundings
from reluenum.engines.deep.cells.witnesses import Move, network_along


def rational_network(network, bits):
    """A rational network next to a stationary one, to about so many bits."""
    around = Surroundings(network)
    with ctx.workprec(bits + 32):
        local = jets(around, bits)
        still = Move((False,) * len(around.kinks), np.zeros(local.size))
        return network_along(local, still, fmpq(0))
