"""What every engine ends with: from stationary points to components of minima.

Proved points of supports enter, a `CertifiedLandscape` leaves. In order: `equations` are the system
of a support, `points` its stationary points, `dual` and `witnesses` are Theorems C and B,
`residuals` collects points with one residual, `judged` decides which are minima, `evaluation` are
networks on other inputs, `components` are Theorem D, `deep` are those of networks with several
hidden layers, `hinges` those with hidden biases that are not penalised, `creases` these in any
dimension, `landscape` is the list.
"""
