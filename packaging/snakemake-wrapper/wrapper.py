"""From a CSV file to every local minimum, and to what the checker proves of the list."""

__author__ = "The reluenum authors"
__copyright__ = "Copyright 2026, The reluenum authors"
__license__ = "BSD-3-Clause"

from snakemake.shell import shell

params = snakemake.params
data, minima = snakemake.input.data, snakemake.output.minima
verified = snakemake.output.get("verified")

width, hidden = params.get("width"), params.get("hidden")
if (width is None) == (hidden is None):
    raise ValueError("params: expected either `width` or `hidden`")
if hidden is not None and not isinstance(hidden, str):
    hidden = ",".join(str(units) for units in hidden)
size = f"--width {width}" if hidden is None else f"--hidden {hidden}"

ridge = params.ridge
engine = params.get("engine", "certified")
extra = params.get("extra", "")
jobs = f"--jobs {snakemake.threads}" if snakemake.threads > 1 else ""

log = snakemake.log_fmt_shell(stdout=False, stderr=True)
shell(
    "reluenum minima {data:q} {size} --ridge {ridge} --engine {engine} {jobs} {extra}"
    " --output {minima:q} --quiet {log}"
)
if verified:
    log = snakemake.log_fmt_shell(stdout=False, stderr=True, append=True)
    shell("reluenum verify {minima:q} {data:q} {jobs} --quiet > {verified:q} {log}")
