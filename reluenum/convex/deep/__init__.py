"""Lower bounds of the loss of all networks with two hidden layers, by duality in boxes.

For given first-layer vectors the rest of the network is one hidden layer, whose convex dual bounds
the loss from below (Theorem D11). A dual point that moves linearly with these vectors does so in a
box (Lemma D40); boxes that tile all first layers, and, where the second layer is narrow, the signs
of its units, bound the loss of every network (Lemma D41).

In order: `cones` are those of first-layer vectors, `boxes` what is tiled, `duals` finds dual
points, `enclosure` proves what they bound, `upper` finds a network, `branch` tiles, and `bounds` is
the document.
"""
