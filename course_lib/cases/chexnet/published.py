"""What the paper reports, as numbers to stand beside one's own (arXiv:1711.05225v3).

Slides L059 and L060 show the same numbers.
"""

# AUROC of Wang et al. (2017), Yao et al. (2017) and CheXNet: table 2.
AUROC = {
    "Atelectasis": (0.716, 0.772, 0.8094),
    "Cardiomegaly": (0.807, 0.904, 0.9248),
    "Consolidation": (0.708, 0.788, 0.7901),
    "Edema": (0.835, 0.882, 0.8878),
    "Effusion": (0.784, 0.859, 0.8638),
    "Emphysema": (0.815, 0.829, 0.9371),
    "Fibrosis": (0.769, 0.767, 0.8047),
    "Hernia": (0.767, 0.914, 0.9164),
    "Infiltration": (0.609, 0.695, 0.7345),
    "Mass": (0.706, 0.792, 0.8676),
    "Nodule": (0.671, 0.717, 0.7802),
    "Pleural Thickening": (0.708, 0.765, 0.8062),
    "Pneumonia": (0.633, 0.713, 0.7680),
    "Pneumothorax": (0.806, 0.841, 0.8887),
}

# F1 of pneumonia with its 95% interval on 420 films: table 1.
F1 = {
    "Radiologist 1": (0.383, 0.309, 0.453),
    "Radiologist 2": (0.356, 0.282, 0.428),
    "Radiologist 3": (0.365, 0.291, 0.435),
    "Radiologist 4": (0.442, 0.390, 0.492),
    "Radiologist average": (0.387, 0.330, 0.442),
    "CheXNet": (0.435, 0.387, 0.481),
}
F1_DIFFERENCE = (0.051, 0.005, 0.084)  # CheXNet minus the average of the radiologists, section 4.1

# Patients and films of the pneumonia task: section 3.1.
SPLIT = {"train": (28_744, 98_637), "valid": (1_672, 6_351), "test": (389, 420)}
PATIENTS, FILMS = 30_805, 112_120
