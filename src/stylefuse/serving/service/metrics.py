"""Metrics of the service for Prometheus."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from stylefuse.serving.service.clips.jobs import STATES, Jobs
from stylefuse.serving.service.pool import Pool

_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)


class Metrics:
    """Counters of one server, in a registry of its own. Labels: `task`, `code` (of HTTP), `reason` (of an error)."""

    def __init__(self, pool: Pool, version: str, jobs: Jobs | None = None):
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "stylefuse_requests", "Requests answered.", ["task", "code"], registry=registry
        )
        self.seconds = Histogram(
            "stylefuse_request_seconds",
            "From a request's first line to its answer.",
            ["task"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self.refused = Counter(
            "stylefuse_refused", "Requests refused or failed.", ["reason"], registry=registry
        )
        self.megapixels = Counter(
            "stylefuse_input_megapixels", "Of pictures that were answered.", ["task"], registry=registry
        )
        self.in_flight = Gauge(
            "stylefuse_requests_in_flight", "Being read, waiting or in work.", registry=registry
        )
        self.version = Gauge(
            "stylefuse_model_info", "1 for the model that is served.", ["version"], registry=registry
        )
        self.version.labels(version).set(1)
        registry.register(_Now(pool))
        if jobs is not None:
            registry.register(_Clips(jobs))
        ProcessCollector("stylefuse_server", registry=registry)
        ProcessCollector(
            "stylefuse_worker", pid=lambda: pool.pids[0] if pool.pids else "none", registry=registry
        )

    def serves(self, version: str) -> None:
        """Another model is served from now on."""
        self.version.clear()
        self.version.labels(version).set(1)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class _Now(Collector):
    """What the pool is at when asked."""

    def __init__(self, pool: Pool):
        self._pool = pool

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, text, value in (
            ("queue_depth", "Requests that wait for a worker.", self._pool.waiting),
            ("working", "Requests that workers work on.", self._pool.working),
            ("workers_ready", "Workers that are there.", len(self._pool.pids)),
            ("worker_restarts", "Workers that ended unasked, since the start.", self._pool.restarts),
        ):
            yield GaugeMetricFamily(f"stylefuse_{name}", text, value)


class _Clips(Collector):
    """What the jobs on clips are at when asked."""

    def __init__(self, jobs: Jobs):
        self._jobs = jobs

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        states = GaugeMetricFamily("stylefuse_clips", "Jobs on clips.", labels=["state"])
        for state in STATES:
            states.add_metric([state], self._jobs.count(state))
        yield states
        yield GaugeMetricFamily("stylefuse_clips_bytes", "Of clips and their results.", self._jobs.bytes)
        yield CounterMetricFamily(
            "stylefuse_clip_frames", "Frames of clips that are done.", self._jobs.frames
        )
