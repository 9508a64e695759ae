"""Parts of a build on a Spark cluster, by the kernels and writers of the local engine."""

from covermap.engine.spark.workers import SparkWorkers

__all__ = ["SparkWorkers"]
