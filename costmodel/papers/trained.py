"""The models that the papers trained, by data set."""

from __future__ import annotations

from costmodel.errors import InputError, Place, did_you_mean
from costmodel.papers.paper import PAPERS, Trained


def trained(dataset: str) -> list[Trained]:
    """The models that the papers trained on one data set.

    Parameters
    ----------
    dataset : str
        `cifar10`, `cifar100`, `stl10` or `imagenet32x32`.

    Returns
    -------
    list of Trained
        How to build each here, and its published accuracy [%], paper by paper.

    Raises
    ------
    InputError
        For a data set without published accuracies.

    Examples
    --------
    >>> trained("cifar10")[0].arch
    'mobilenet_delta'

    """
    every = [model for word in PAPERS.names() for model in PAPERS.load(word).trained()]
    known = {model.dataset for model in every}
    if dataset not in known:
        raise InputError.at(
            Place(f"--accuracy {dataset}"),
            "no published accuracy on this data set",
            did_you_mean(dataset, known),
        )
    return [model for model in every if model.dataset == dataset]
