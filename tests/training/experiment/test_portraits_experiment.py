"""The experiment on portraits: paired arms, results kept, the page as it falls."""

import dataclasses

import pytest

from training.data.audio import DataError
from training.data.drawn_portraits import write_drawn
from training.experiment import portraits as experiment
from training.experiment.portraits import REFERENCE, Outcome, Plan, page, run, table
from training.recipe import RecipeError

SMALL = (
    "model.width=0.34", "height=32", "width=32", "repeats=1", "encoder.epochs=1", "fit.epochs=1", "encoder.batch=8",
    "fit.batch=8", "workers=1",
)  # fmt: skip


@pytest.fixture
def plan(tmp_path):
    write_drawn(str(tmp_path / "people"), 16, 40)
    return Plan(tmp_path / "people", tmp_path, tmp_path / "work", (0, 1), (REFERENCE, "no boundary loss"), SMALL)


def test_an_arm_changes_what_it_names_and_nothing_else(plan):
    base, bare = plan.recipe(REFERENCE, 3), plan.recipe("no boundary loss", 3)
    assert base.data.salt == "3" and base.seed == 3 and base.boundary_weight == 0.5
    assert dataclasses.replace(base, boundary_weight=0.0) == bare
    assert plan.recipe("all detail", 0).model == {**base.model, "gate": "add"}
    with pytest.raises(RecipeError, match="arm 'x' is none of"):
        plan.recipe("x", 0)


def test_runs_are_paired_kept_and_not_repeated(plan, monkeypatch):
    seen = []
    outcomes = run(plan, after=lambda done: seen.append(len(done)))
    assert seen == [2, 4] and all(0 <= v <= 1 for o in outcomes for v in (*o.whole, *o.band))
    first, second = ({o.seed: o.pictures for o in outcomes if o.arm == a} for a in plan.arms)
    assert first == second and first[0] != first[1]
    monkeypatch.setattr(experiment, "_one", None)
    assert run(plan) == outcomes
    other = str(plan.beside / "others")
    write_drawn(other, 16, 40, seed=1)
    for changed in (
        dataclasses.replace(plan, overrides=(*SMALL, "fit.epochs=2")),
        dataclasses.replace(plan, data=plan.beside / "others"),
    ):
        with pytest.raises(DataError, match="a result of other settings or data"):
            run(changed)
    (plan.work / "as_published-0.json").write_text("{}")
    with pytest.raises(DataError, match="not a result of this experiment"):
        run(plan)


def test_what_is_wrong_or_missing_is_said_before_the_first_run(plan, tmp_path):
    with pytest.raises(RecipeError, match="arm 'x' is none of"):
        run(dataclasses.replace(plan, arms=(REFERENCE, "x")))
    assert not plan.work.exists()
    (tmp_path / "people" / "img" / "0000.png").write_bytes(b"")
    said = []
    run(dataclasses.replace(plan, seeds=(0,), arms=(REFERENCE,)), said.append)
    assert any("det_raccoon: not in" in line for line in said)
    assert any("1 pictures left out: 1 unreadable" in line for line in said)


def outcomes(gain):
    return [
        Outcome(arm, seed, list("abcd"), [0.8] * 4, [0.6 + (gain if arm == REFERENCE else 0) + 0.001 * seed] * 4)
        for seed in range(5)
        for arm in (REFERENCE, "no boundary loss")
    ]


def test_the_page_says_shown_null_or_worse(plan):
    assert "| shown |" in page(outcomes(0.05), plan)
    assert "| worse |" in page(outcomes(-0.05), plan)
    assert "| null: an interval holds zero |" in page(outcomes(0.0), plan)


def test_a_seed_that_is_not_complete_counts_for_nothing(plan):
    rows = table(outcomes(0.05)[:-1])
    assert rows[0]["seeds"] == 4 and rows[1]["band_gain"].mean == pytest.approx(0.05)
