"""Where networks whose hidden biases are not penalised end, and at which minimum of the list.

In order: `units` of networks as they are. `hinge_descent` goes downhill and `hinge_explain` says
where that ends, for inputs on a line in rational numbers. For others `crease_descent` does so in
doubles, `crease_limits` certifies what is there, and `crease_explain` says of networks what they
are.
"""
