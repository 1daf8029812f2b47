"""Counters in Prometheus' text format; one process, one set of counters."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Mapping

_BUCKETS = (0.002, 0.005, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


class Metrics:
    """Requests by method, route and status, and their durations. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()
        self._seconds: dict[str, float] = defaultdict(float)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; `route` is its template, never an address with a SIREN in it."""
        with self._lock:
            self._requests[method, route, status] += 1
            self._seconds[route] += seconds
            for bound in _BUCKETS:
                if seconds <= bound:
                    self._buckets[route, bound] += 1

    def render(self, gauges: Mapping[str, float]) -> str:
        """Return the text; `gauges` are added as they are (name, labels included -> value)."""
        with self._lock:
            requests, buckets = dict(self._requests), dict(self._buckets)
            seconds = dict(self._seconds)
        lines = ["# TYPE veille_requests_total counter"]
        totals: Counter[str] = Counter()
        for (method, route, status), count in sorted(requests.items()):
            totals[route] += count
            labels = f'method="{method}",route="{route}",status="{status}"'
            lines.append(f"veille_requests_total{{{labels}}} {count}")
        lines.append("# TYPE veille_request_seconds histogram")
        for route, count in sorted(totals.items()):
            name, label = "veille_request_seconds", f'route="{route}"'
            for bound in _BUCKETS:
                below = buckets.get((route, bound), 0)
                lines.append(f'{name}_bucket{{{label},le="{bound}"}} {below}')
            lines.append(f'{name}_bucket{{{label},le="+Inf"}} {count}')
            lines.append(f"{name}_sum{{{label}}} {seconds[route]:.6f}")
            lines.append(f"{name}_count{{{label}}} {count}")
        lines += [f"{name} {value:g}" for name, value in gauges.items()]
        return "\n".join(lines) + "\n"
