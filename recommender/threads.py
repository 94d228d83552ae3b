"""One BLAS thread for many small products."""

from __future__ import annotations

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types


def one_blas_thread() -> AbstractContextManager[object]:
    """A context in which BLAS uses one thread of this process.

    The matrices here are small: several BLAS threads wait for one another longer than they work, and inside implicit's
    own loops they make training ten times slower.
    """
    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits
