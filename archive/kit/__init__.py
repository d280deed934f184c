"""The kit for authors of plugins: make one, try its samples, replay it over what people have confirmed."""

from archive.kit.backtest import Change, Report, backtest
from archive.kit.making import check_slug, make
from archive.kit.samples import Row, Sample, run_samples
from archive.kit.warnings import Warned, warnings

__all__ = [
    "Change", "Report", "Row", "Sample", "Warned", "backtest", "check_slug", "make", "run_samples", "warnings",
]  # fmt: skip
