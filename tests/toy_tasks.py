"""Tasks of the benchmark from their keys, as a YAML file has them."""

from pydantic import TypeAdapter

from combmotif.config.evaluation import AnyTask
from combmotif.evaluation.tasks.make import make_task


def task_of(kind, *, seed=0, **keys):
    """Read the items of a task of one kind."""
    return make_task(TypeAdapter(AnyTask).validate_python({"kind": kind, **keys}), seed=seed)
