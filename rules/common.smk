# What the rules share: the instances, batches and paths of the configuration, and names of files.
# A sweep has many instances to a job; otherwise an instance has jobs of its own.
BATCHES = experiment.batches(config) if "sweep" in config else {}
INSTANCES = {} if BATCHES else experiment.instances(config)
PATHS = experiment.paths(config)
FORMATS = config["figures"]["formats"]
CERTIFIED = config["solve"]["engine"] == "certified"


def solved_batches(wildcards):
    """Name the solved batches of an instance; how many there are is known from its data only."""
    plan = checkpoints.patterns.get(**wildcards).output.patterns
    return expand(
        rules.solve.output.solved,
        batch=experiment.planned_batches(plan),
        **wildcards,
    )


def surveyed_blocks(wildcards):
    """Name the surveyed blocks of an instance; how many there are is known from its data only."""
    plan = checkpoints.supports.get(**wildcards).output.supports
    return expand(
        rules.survey.output.surveyed,
        block=experiment.planned_blocks(plan),
        **wildcards,
    )


def all_paths(name):
    """Name a file of every ridge path."""
    return [f"results/{{experiment}}/paths/{path}/{name}" for path in PATHS]


def batch(wildcards):
    """Return the batch of a job."""
    return BATCHES[wildcards.data, wildcards.method, wildcards.ridge, wildcards.seeds]


def smaller_sizes(wildcards):
    """Name the records of the smaller sizes of a batch."""
    return [
        rules.examine.output.records.replace("{size}", str(size)).format(**wildcards)
        for size in range(1, int(wildcards.size))
    ]


def asked(name):
    """Name a file of every batch and every width that is asked for."""
    return [
        f"results/{{experiment}}/batches/{folder}/size{width}/{name}"
        for folder, found in FOLDERS.items()
        for width in found.widths
    ]


def examined(name):
    """Name a file of every batch and every size, also of widths that are not asked for."""
    return [
        f"results/{{experiment}}/batches/{folder}/size{size}/{name}"
        for folder, found in FOLDERS.items()
        for size in range(1, max(found.widths) + 1)
    ]
