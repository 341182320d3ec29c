"""Lower bounds of the loss of all networks with two hidden layers, by duality in boxes.

For given first-layer vectors the rest of the network is one hidden layer, whose convex dual bounds
the loss from below (Theorem D11). A dual point that moves linearly with these vectors does so in a
box (Lemma D40); boxes that tile all first layers, and, where the second layer is narrow, the signs
of its units, bound the loss of every network (Lemma D41). Next to a network of least loss no bound
is high enough: there networks are critical points of a polynomial that has only one (Lemma D69).

In order: `cones` are those of first-layer vectors, `boxes` what is tiled, `duals` finds dual
points, `enclosure` proves what they bound, `lagrange` has the polynomial and `newton` its critical
points, `upper` finds a network, `settle` the stationary point next to it, `nearby` proves what best
networks of a box are, `branch` tiles, and `bounds` is the document.
"""
