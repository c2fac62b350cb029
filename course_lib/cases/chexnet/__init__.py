"""CheXNet: fourteen findings on frontal chest films, and a comparison with four radiologists.

method       network, training and table of AUROCs, for phantoms and for ChestX-ray14
readers      F1 of each reader against the others, with its bootstrap
published    what the paper reports
__main__     `python -m course_lib.cases.chexnet --help`: the training at full size

Source: Rajpurkar, Irvin, Zhu, Yang, Mehta, Duan, Ding, Bagul, Langlotz, Shpanskaya, Lungren and Ng
(2017), CheXNet: radiologist-level pneumonia detection on chest X-rays with deep learning,
arXiv:1711.05225v3.
"""

from course_lib.cases.chexnet.method import (
    Auroc,
    auroc_table,
    chexnet,
    small_chexnet,
    train_chexnet,
)
from course_lib.cases.chexnet.readers import (
    ReaderStudy,
    best_f1_threshold,
    mean_f1,
    reader_study,
    simulate_reader,
)

__all__ = [
    "Auroc",
    "ReaderStudy",
    "auroc_table",
    "best_f1_threshold",
    "chexnet",
    "mean_f1",
    "reader_study",
    "simulate_reader",
    "small_chexnet",
    "train_chexnet",
]
