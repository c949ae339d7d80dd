"""`sahut models`: which models there are, how they compare, which one is asked, and the way back.

What surprises: `activate` measures the new model and the active one on the same held-back examples and refuses one that
is worse in any of three ways: topic group, emergencies missed, reports put aside by mistake.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from intake.commands.examples import OWN_CORPUS, Example, UnreadableExamples, read_examples
from intake.commands.train import models_folder
from intake.understand.classify import Classifier, Judge, UnusableModel, lexicon
from intake.understand.classify.shelf import ModelShelf, NothingBefore

ENOUGH_EXAMPLES = 100
_TOLERANCE = 0.005
_corrections = click.option(
    "--corrections",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Corrections (CSV or JSONL); only their held-back rows are measured.",
)


@dataclass(frozen=True, slots=True)
class Quality:
    """What a model is worth on held-back examples."""

    examples: int
    group_macro_f1: float
    group_accuracy: float
    emergency_recall: float
    put_aside: float

    def is_worse_than(self, other: Quality) -> str | None:
        """Return in what way this is worse than ``other``, or None. Half a hundredth is taken for chance."""
        if self.group_macro_f1 < other.group_macro_f1 - _TOLERANCE:
            return "topic groups"
        if self.emergency_recall < other.emergency_recall - _TOLERANCE:
            return "emergencies missed"
        if self.put_aside > other.put_aside + _TOLERANCE:
            return "reports put aside"
        return None


def measure(judge: Judge, examples: Iterable[Example]) -> Quality:
    """Return the quality of ``judge`` on the held-back ones of ``examples``."""
    known = lexicon()
    classifier = Classifier(known, judge)
    pairs: list[tuple[str, str]] = []
    urgent = caught = aside = reports = 0
    for example in examples:
        if not example.held_back or example.not_a_report:
            continue
        found = classifier.classify(example.text)
        reports += 1
        aside += found.spam
        if example.topic:
            pairs.append((known.taxonomy.topics[example.topic].group, found.group))
        if example.urgency == "darurat":
            urgent += 1
            caught += found.urgency == "darurat"
    scores = []
    for group in {truth for truth, _ in pairs}:
        right = sum(1 for truth, said in pairs if truth == said == group)
        wrong = sum(1 for truth, said in pairs if (truth == group) != (said == group))
        scores.append(2 * right / (2 * right + wrong))
    return Quality(
        examples=reports,
        group_macro_f1=sum(scores) / len(scores) if scores else 0.0,
        group_accuracy=sum(truth == said for truth, said in pairs) / len(pairs) if pairs else 0.0,
        emergency_recall=caught / urgent if urgent else 1.0,
        put_aside=aside / reports if reports else 0.0,
    )


def _examples(corrections: tuple[Path, ...]) -> list[Example]:
    paths = [*corrections, *(Path(name) for name in OWN_CORPUS if Path(name).exists())]
    try:
        return [example for path in paths for example in read_examples(path, lexicon())]
    except UnreadableExamples as fault:
        raise click.ClickException(str(fault)) from fault


def _judge(shelf: ModelShelf, name: str) -> Judge:
    try:
        return shelf.judge(name)
    except UnusableModel as fault:
        raise click.ClickException(": ".join((name, str(fault)))) from fault


@click.group()
def models() -> None:
    """Manage the classifier's models."""


@models.command(name="list")
def list_models() -> None:
    """List the models; * marks the active one."""
    shelf = ModelShelf(models_folder())
    active = shelf.active()
    for name in shelf.names():
        click.echo(f"{'*' if name == active else ' '} {name}")


@models.command()
@click.argument("names", nargs=-1)
@_corrections
def compare(names: tuple[str, ...], corrections: tuple[Path, ...]) -> None:
    """Measure NAMES (all models by default) on the same held-back examples."""
    shelf = ModelShelf(models_folder())
    examples = _examples(corrections)
    click.echo(f"{'model':<28}{'rows':>6}{'group F1':>10}{'accuracy':>10}{'darurat':>9}{'put aside':>11}")
    for name in names or shelf.names():
        found = measure(_judge(shelf, name), examples)
        click.echo(
            f"{name:<28}{found.examples:>6}{found.group_macro_f1:>10.3f}{found.group_accuracy:>10.3f}"
            f"{found.emergency_recall:>9.3f}{found.put_aside:>11.4f}"
        )


@models.command()
@click.argument("name")
@_corrections
def activate(name: str, corrections: tuple[Path, ...]) -> None:
    """Ask NAME from now on, unless it is worse than the active model on held-back examples."""
    shelf = ModelShelf(models_folder())
    examples = _examples(corrections)
    fresh, current = measure(_judge(shelf, name), examples), measure(_judge(shelf, shelf.active()), examples)
    if fresh.examples < ENOUGH_EXAMPLES:
        click.echo(f"{fresh.examples} held-back examples", err=True)
        raise click.ClickException("too few held-back examples: 100 are needed to judge")
    fault = fresh.is_worse_than(current)
    if fault is not None:
        click.echo(f"group F1 {fresh.group_macro_f1:.3f} against {current.group_macro_f1:.3f}", err=True)
        refusal = f"{name} is worse than {shelf.active()} in: {fault}"
        raise click.ClickException(refusal)
    shelf.activate(name)
    click.echo(f"{name} is active (group F1 {fresh.group_macro_f1:.3f}, before {current.group_macro_f1:.3f})")


@models.command()
def rollback() -> None:
    """Return to the model that was active before."""
    try:
        click.echo(f"{ModelShelf(models_folder()).roll_back()} is active again")
    except NothingBefore:
        raise click.ClickException("there is no earlier model") from None
