# What the rules share: the instances, batches and paths of the configuration, and names of files.
# A sweep has many instances to a job; otherwise an instance has jobs of its own.
BATCHES = instances.batches(config) if "sweep" in config else {}
INSTANCES = {} if BATCHES else instances.instances(config)
PATHS = instances.paths(config)
FORMATS = config["figures"]["formats"]
ENGINE = config["solve"]["engine"]

# Several hidden layers have rules of their own where files or steps are others.
LAYERED = [name for name, found in INSTANCES.items() if isinstance(found["width"], list)]
# Lists with free hidden biases are so fast that one job makes each.
FREE = [name for name, found in INSTANCES.items() if found.get("hidden_bias") == "free"]
BY_SUPPORTS = [name for name in INSTANCES if name not in LAYERED + FREE]

# One job finds and proves all minima of these.
COVERED = LAYERED + FREE if ENGINE == "certified" else list(INSTANCES)

# Jobs that share the boxes of an instance.
SHARDS = plans.shard_names(config["solve"]["shards"])

# What is drawn of a ridge path.
PATH_FIGURES = expand(
    "{figure}.{format}",
    figure=["path", "traps"] if config["basins"] else ["path"],
    format=FORMATS,
)

# There is no page of an exact path yet.
SAMPLED_PATHS = [name for name, found in PATHS.items() if found.get("hidden_bias") != "free"]

# The local minima of an instance, whichever engine found them: what everything else reads.
MINIMA = "results/{experiment}/{instance}/minima.json"


# Files


def only(names):
    """Return what the wildcard `instance` of a rule may stand for."""
    return "|".join(map(re.escape, names)) or "(?!)"


def own(csv):
    """Return a data file as input, if there is one: a module's prefix is not for what users have."""
    return local(csv) if csv else []


def of_all(files):
    """Name files of every instance."""
    return expand(files, instance=INSTANCES, allow_missing=True)


def along_paths(*names):
    """Name files of every ridge path."""
    return expand("results/{{experiment}}/paths/{path}/{name}", path=PATHS, name=names)


def path_pages(name):
    """Name a page of every ridge path that has samples to walk along."""
    return expand("results/{{experiment}}/paths/{path}/{name}", path=SAMPLED_PATHS, name=name)


def solved_batches(wildcards):
    """Name the solved batches of an instance; how many there are is known from its data only."""
    plan = checkpoints.patterns.get(**wildcards).output.patterns
    return expand(rules.solve.output.solved, batch=plans.planned_batches(plan), **wildcards)


def surveyed_blocks(wildcards):
    """Name the surveyed blocks of an instance; how many there are is known from its data only."""
    plan = checkpoints.supports.get(**wildcards).output.supports
    return expand(rules.survey.output.surveyed, block=plans.planned_blocks(plan), **wildcards)


def certificate_beside(wildcards):
    """Name the certificate of an instance, if it is a file of its own."""
    return [] if wildcards.instance in COVERED else rules.prove.output.certificate


def in_shards(file):
    """Name a file of every shard of an instance."""
    return expand(file, shard=SHARDS, allow_missing=True)


def parts_of_proof(wildcards):
    """Name the parts in which an instance was checked, if it was shared."""
    if len(SHARDS) == 1:
        return []
    return expand(rules.follow.output.part, shard=SHARDS, **wildcards)


def measured_ways(wildcards):
    """Name the measurements of an instance: not every way is one for several hidden layers."""
    found = INSTANCES[wildcards.instance]
    columns = effort.data_size(found)[1] if wildcards.instance in FREE else 0
    runs = plans.crosscheck_runs(config, found["width"], columns)
    return [
        file
        for formulation, backend in runs
        for file in expand(
            rules.crosscheck_measure.output.measured,
            formulation=formulation,
            backend=backend,
            **wildcards,
        )
    ]


def batch(wildcards):
    """Return the batch of a job."""
    return BATCHES[wildcards.data, wildcards.method, wildcards.ridge, wildcards.seeds]


def smaller_sizes(wildcards):
    """Name the records of the smaller sizes of a batch."""
    *sizes, _ = instances.sizes_up_to(batch(wildcards).spec, names.width_of(wildcards.size))
    return expand(rules.examine.output.records, **{**wildcards, "size": sizes})


def sizes_of(batch):
    """List the sizes of every width of a batch."""
    return [size for width in batch.widths for size in instances.sizes_up_to(batch.spec, width)]


def asked(name):
    """Name a file of every batch and every width that is asked for."""
    return [
        f"results/{{experiment}}/batches/{folder}/size{width}/{name}"
        for folder, found in FOLDERS.items()
        for width in map(names.width_text, found.widths)
    ]


def examined(name):
    """Name a file of every batch and every size, also of widths that are not asked for."""
    return [
        f"results/{{experiment}}/batches/{folder}/size{size}/{name}"
        for folder, found in FOLDERS.items()
        for size in dict.fromkeys(map(names.width_text, sizes_of(found)))
    ]


# Reports


def shown(file, category, caption, label):
    """Show a file in the report, beside the others of its instance or path."""
    owner = next((part for part in ("{instance}", "{path}") if part in file), None)
    return report(
        file,
        caption=f"../captions/{caption}.rst",
        category=category,
        subcategory=owner,
        labels={"show": label},
    )


def drawn(folder, category, labels):
    """Name figures in every format, and show them in the first one."""
    first, *others = FORMATS
    return [
        *(shown(f"{folder}/{name}.{first}", category, name, labels[name]) for name in labels),
        *(f"{folder}/{name}.{format}" for name in labels for format in others),
    ]


# Settings


def settings(section, *keys):
    """Return settings as parameters of a rule, so that it runs again when one of them changes."""
    return {key: config[section][key] for key in keys}


def estimated(kind, supports, at_once=None):
    """Return what a job may take, by the kind and the number of supports of its work."""

    def by(estimate, count):
        return lambda wildcards, attempt: estimate(
            kind(wildcards) if callable(kind) else kind, count(wildcards), attempt
        )

    return {
        "mem_mb": by(effort.megabytes, at_once or supports),
        "runtime": by(effort.minutes, supports),
    }


def growing(mem_mb, runtime):
    """Return what a job may take at first; each further attempt may take as much again."""
    return {
        "mem_mb": lambda wildcards, attempt: mem_mb * attempt,
        "runtime": lambda wildcards, attempt: runtime * attempt,
    }


def patterns_of_batch(wildcards):
    """Estimate the supports of a batch of patterns."""
    return effort.expected_batch(INSTANCES[wildcards.instance], wildcards.batch)


def supports_of_block(wildcards):
    """Count the supports of a block."""
    return effort.expected_block(wildcards.block)


def smaller_supports(wildcards):
    """Estimate the supports of an instance that are smaller than its largest ones."""
    instance = INSTANCES[wildcards.instance]
    return effort.expected_supports(instance, range(1, instance["width"]))


def all_supports(wildcards):
    """Estimate the supports of an instance."""
    return effort.expected_all(INSTANCES[wildcards.instance])


def solving(wildcards):
    """Return the kind of work that the systems of an instance are."""
    return "layers" if wildcards.instance in LAYERED else "groebner"


def covering(wildcards):
    """Return the kind of work that it is to cover an instance."""
    if wildcards.instance in FREE:
        return effort.paced(INSTANCES[wildcards.instance], "certified")
    return "layers" if wildcards.instance in LAYERED else "branch"


def covered(wildcards):
    """Estimate the boxes of an instance, or its strata."""
    if wildcards.instance in LAYERED + FREE:
        return all_supports(wildcards)
    return effort.expected_work_of_boxes(INSTANCES[wildcards.instance])


def shard(wildcards):
    """Estimate the boxes of a shard of an instance: its share of them all."""
    return covered(wildcards) // len(SHARDS)


def checking(wildcards):
    """Return the kind of work that it is to check a certificate."""
    return "branch" if ENGINE == "branch" else effort.paced(INSTANCES[wildcards.instance], "check")


def checked(wildcards):
    """Estimate the boxes or records of a certificate."""
    return covered(wildcards) if ENGINE == "branch" else all_supports(wildcards)


def engine_of_batch(wildcards):
    """Return the engine of a batch of data sets, or `layers`, which is the kind of its work."""
    spec = batch(wildcards).spec
    return "layers" if "_" in wildcards.size else effort.paced(spec, spec["engine"])


def checking_batch(wildcards):
    """Return the kind of work that it is to check the certificates of a batch of data sets."""
    return effort.paced(batch(wildcards).spec, "check")


def supports_of_size(wildcards):
    """Estimate the supports of one size of a batch of data sets."""
    return effort.expected_sweep(batch(wildcards).spec, [names.width_of(wildcards.size)])


def supports_to_check(wildcards):
    """Estimate the supports in all documents of a batch of data sets."""
    found = batch(wildcards)
    return effort.expected_sweep(found.spec, sizes_of(found))


def supports_at_a_ridge(wildcards):
    """Estimate the supports at one ridge of a path."""
    path = PATHS[wildcards.path]
    return effort.expected_supports(path, range(1, path["width"] + 1))


def supports_of_path(wildcards):
    """Estimate the supports at all ridges of a path."""
    return effort.expected_path(PATHS[wildcards.path])
