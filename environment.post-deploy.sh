#!/bin/sh
# Snakemake runs this in every environment that it makes with `--software-deployment-method conda`:
# the scripts of the rules need the package itself beside what it depends on.
exec python -m pip install --no-deps --no-build-isolation --editable "$RELUENUM_SOURCE"
