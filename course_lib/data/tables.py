"""Medical data that are tables of numbers, not images; they need no download.

scikit-learn, whose files they are, loads when a table is asked for. Shapes: N cases, D features.
"""

import torch
from torch import Tensor


def breast_cancer() -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """Load 30 measurements of cell nuclei in each of 569 lumps of the breast, and the diagnosis.

    A fine needle took cells out of each lump; a program measured the radius, texture, concavity and
    seven more properties of the nuclei in its picture: for each the mean, the standard error and
    the mean of the three largest values ("worst").

    >>> features, malignant, names = breast_cancer()
    >>> features.shape, malignant.shape, names[0]
    (torch.Size([569, 30]), torch.Size([569]), 'mean radius')
    >>> int(malignant.sum())
    212

    Returns:
        The features, float32 of shape (569, 30), as stored, each on its own scale; the diagnoses,
        float32 of shape (569,), 1 where malignant and 0 where benign; the names of the features.

    Malignant is 1 here, the event that one looks for. `sklearn.datasets.load_breast_cancer` has it
    the other way around. The features have no stated units. Cost: it reads a file of 0.1 MB.

    Source: Street, Wolberg and Mangasarian (1993), doi 10.1117/12.148698: the data set Breast
    Cancer Wisconsin (Diagnostic) of the UCI repository, as scikit-learn ships it.

    Used in the chapter Neural networks in one sitting (book/02_neural_networks.md).
    """
    from sklearn.datasets import load_breast_cancer

    table = load_breast_cancer()
    features = torch.tensor(table.data, dtype=torch.float32)
    malignant = torch.tensor(table.target == 0, dtype=torch.float32)
    return features, malignant, tuple(str(name) for name in table.feature_names)
