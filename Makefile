.PHONY: reference test lint format docs bench example sweeps picture paper-route gallery crosscheck convex practice trained basins barriers deep deep-routes boxes-agree boxes-lies textbook site site-open lock atlas paper neighbours release clean

reference:
	./run reference

test:
	./run tests

lint:
	./run tests tests/repository/test_lint.py

format:
	./run -- ruff check --fix .
	./run -- ruff format .
	./run -- snakefmt Snakefile rules

# The pages that take a minute or less. Others need a run of their own: example, sweeps, gallery,
# practice, trained, barriers, crosscheck and bench, whose page is written here from what was measured.
docs: picture paper-route convex
	./run -- python -m benchmarks.render
	./run -- python -m docs.make.practice
	./run -- python -m docs.make.trained
	./run -- python -m docs.make.barriers
	./run -- python -m docs.make.newcomers
	./run -- python -m docs.make.api
	./run -- python -m docs.make.theory_index
	./run -- python -m docs.make.rooms
	./run -- python -m docs.make.kinds

# Three minutes: the landscapes of a small sweep.
basins:
	./run -- python -m docs.make.basins
	./run -- python -m docs.make.basins sweep

# Ten to twenty minutes; every peer that is installed takes part (PHCpack: apt install phcpack).
bench:
	./run -- python -m benchmarks.measure
	./run -- python -m benchmarks.render

# The rendered report and the picture of the explorer; needs Chromium.
example:
	./run reference
	./run -- python -m docs.make.example

# Most of an hour on two cores.
sweeps:
	./run -- snakemake --cores 2 --configfile config/sweep_paper.yaml
	./run -- python -m docs.make.sweeps

picture:
	./run -- python -m docs.make.picture

paper-route:
	./run -- python -m docs.make.paper_route

# Real data: a quarter of an hour on two cores.
gallery:
	./run -- snakemake --cores 2 --configfile config/gallery.yaml
	./run -- snakemake --cores 2 --configfile config/nile.yaml
	./run -- snakemake all descent_all --cores 2 --configfile config/ozone.yaml
	./run -- python -m docs.make.gallery

# What optimisers find, beside the lists: some twenty minutes on two cores.
practice:
	./run -- snakemake descent_all --cores 2 --configfile config/practice.yaml
	./run -- python -m benchmarks.completeness
	./run -- python -m docs.make.practice

# Strings between minima, and noise, beside the barriers: some six minutes.
barriers:
	./run -- python -m benchmarks.passes
	./run -- python -m benchmarks.escapes
	./run -- python -m docs.make.barriers

# Lists of deep networks, runs of Adam on them, perturbations of every minimum: an hour.
deep:
	./run -- python -m benchmarks.deep
	./run -- python -m benchmarks.deep_certified
	./run -- python -m benchmarks.bounds
	./run -- python -m docs.make.deep

# Deep networks in two ways each, on random data; one process, ten minutes.
deep-routes:
	./run -- python -m benchmarks.deep_routes --instances 100
	./run -- python -m benchmarks.deep_routes --instances 20 --hidden 2,1
	./run -- python -m benchmarks.deep_routes --instances 20 --hidden 1,1,1

# Lists by boxes against those of the certified engine, on random data; one process, ten minutes.
boxes-agree:
	./run -- python -m benchmarks.box_agreement --instances 200

# Lists by boxes with a lie in each: a minute.
boxes-lies:
	./run -- python -m tests.support.box_lies 510

# Takes the machine for most of an hour: some backends reach the time limit on many systems.
crosscheck:
	./run -- python -m docs.make.crosscheck

# Ninety lists and thirty convex programs: a minute.
convex:
	./run -- python -m docs.make.convex

# Where networks of scikit-learn end, on real data: three minutes.
trained:
	./run -- python -m benchmarks.trained
	./run -- python -m docs.make.trained

# The atlas: its page, from the tables in the package; `python -m docs.make.atlas_tables` makes
# those from results.
atlas:
	./run -- python -m docs.make.atlas

# The article and the page beside other packages: a minute.
paper:
	./run -- python -m docs.make.paper
	./run -- python -m docs.make.compare

# Ten minutes; PYTHON is that of an environment with TopSearch, celer and skglm, which
# benchmarks/neighbours.py says how to make.
neighbours:
	./run -- python -m benchmarks.neighbours $(PYTHON)

# The sdist and the wheel, checked, with their checksums.
release:
	./run -- python packaging/build.py

# Textbook data, two thousand sets of them, against the checker: ten minutes.
textbook:
	./run -- python tests/support/textbook.py 0 2000

# The documentation as a site, in build/site: a minute, and less where little has changed.
site:
	./run -- python -m docs.site

# The same, shown at http://localhost:8000 until it is interrupted.
site-open: site
	./run -- python -m http.server --bind localhost --directory build/site 8000

# Needs uv (pip install uv). Keeps the versions already locked; `make lock UPGRADE=--upgrade` does not.
lock:
	uv pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	    --custom-compile-command 'make lock' $(UPGRADE) --quiet --output-file requirements.lock \
	    --extra convex --extra docs --extra release --extra sklearn --extra slurm --extra test pyproject.toml requirements-extra.in

clean:
	rm -rf .venv .snakemake .pytest_cache .ruff_cache .hypothesis build dist reluenum.egg-info
	find reluenum scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +
