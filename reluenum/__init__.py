"""Every local minimum of a small ridge-regularised ReLU network, certified."""
