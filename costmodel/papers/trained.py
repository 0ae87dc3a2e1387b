"""The models that the papers trained, by data set."""

from __future__ import annotations

from costmodel.errors import InputError, Place, did_you_mean
from costmodel.papers.accuracy import Trained
from costmodel.papers.tables import mobilenet, multiception


def trained(dataset: str) -> list[Trained]:
    """The models trained on `dataset` (cifar10, cifar100, stl10, imagenet32x32).

    Raises InputError for a data set without published accuracies.
    """
    every = [*mobilenet.trained(), *multiception.trained()]
    known = {model.dataset for model in every}
    if dataset not in known:
        raise InputError.at(
            Place(f"--accuracy {dataset}"),
            "no published accuracy on this data set",
            did_you_mean(dataset, known),
        )
    return [model for model in every if model.dataset == dataset]
