"""What the numbers of a vector are called, where a model and a data set both know it."""

from micvae.data import FactorDataset
from micvae.data.array_header import few
from micvae.errors import DataError


def check_features(dataset: FactorDataset, names: tuple[str, ...], reader: str) -> None:
    """Refuse vectors whose numbers are called otherwise, or stand in another order.

    Args:
        dataset: samples of the right shape.
        names: those that were trained on; empty where they are not known.
        reader: who was trained, for the message.

    Raises:
        DataError: where both have names, and these differ.
    """
    given = dataset.feature_names
    if not names or not given or given == names:
        return
    at = next(i for i, (a, b) in enumerate(zip(given, names, strict=True)) if a != b)
    how = "in another order" if sorted(given) == sorted(names) else "of other names"
    raise DataError(
        f"{dataset.name} has features {how} than {reader} was trained on: number {at} is "
        f"{given[at]!r}, and was {names[at]!r}; give {few(names)}."
    )
