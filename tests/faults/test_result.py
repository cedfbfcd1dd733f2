"""The page of faults tells what was done, no more, and never hides a failure."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.faults.result import Result, load, save, to_markdown


def killed(seed: int, *, times: int, recoveries: list[float], wrong: list[str]) -> Result:
    return Result(
        fault="kill-services",
        title="A service is killed",
        day=f"2026-03-0{seed}",
        load=seed + 0.2,
        servers="MongoDB, Kafka",
        done="kill -9 of each service, {times}",
        counts=Counter(times=times),
        acknowledged=700 * times,
        repeated_messages=seed,
        recoveries=recoveries,
        seconds=100.4,
        seed=seed,
        retried=Counter({"ConnectError": 5}),
        wrong=wrong,
    )


def page(tmp_path: Path, *results: Result) -> list[str]:
    for each in results:
        save(tmp_path, each)
    fuller = {"kill-services": 4, "kill-kafka": 20}
    return to_markdown(load(tmp_path), cores=2, fuller=fuller).splitlines()


def test_runs_of_several_seeds_are_one_row_added_up(tmp_path: Path) -> None:
    lines = page(
        tmp_path,
        killed(1, times=3, recoveries=[11.0, 12.0], wrong=[]),
        killed(2, times=1, recoveries=[13.0], wrong=[]),
    )
    assert (
        "| A service is killed (`kill-services`) | kill -9 of each service, 4 times "
        "| 2,800 | 0 | 0 | 0 | 0 | 3 | 12.0 / 13.0 | 201 | 2 | 1, 2 |"
    ) in lines
    assert "- **A service is killed**: requests sent again: 10 after ConnectError." in lines
    assert "Short of a whole `make faults`, in rounds: `kill-kafka` 0 of 20." in lines
    assert any("Run on 2026-03-01 to 2026-03-02, 2 cores" in line for line in lines)


def test_a_run_that_went_wrong_is_called_failed_and_says_why(tmp_path: Path) -> None:
    lines = page(
        tmp_path,
        killed(1, times=3, recoveries=[11.0], wrong=[]),
        killed(2, times=0, recoveries=[], wrong=["referral r-1 is not stored"]),
    )
    (row,) = [line for line in lines if line.startswith("| A service")]
    assert row.startswith(
        "| A service is killed (`kill-services`), **failed** | kill -9 of each service, 3 times "
        "| 2,100 |"
    )
    assert "- **A service is killed**, seed 2, wrong: referral r-1 is not stored." in lines
