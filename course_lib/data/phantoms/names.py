"""What may be on a phantom's film, and how often: findings of ChestX-ray14, and devices."""

DEVICES = ("Endotracheal tube", "Central line", "Chest tube", "Pacemaker", "Marker")

# Share of the films. Higher than in a hospital, so that a few hundred films have some of each.
PREVALENCE = {
    "Atelectasis": 0.10,
    "Cardiomegaly": 0.09,
    "Consolidation": 0.07,
    "Edema": 0.06,
    "Effusion": 0.12,
    "Emphysema": 0.07,
    "Fibrosis": 0.06,
    "Hernia": 0.04,
    "Infiltration": 0.14,
    "Mass": 0.08,
    "Nodule": 0.09,
    "Pleural Thickening": 0.08,
    "Pneumonia": 0.06,
    "Pneumothorax": 0.08,
}

# How many of the 112,120 films of ChestX-ray14 have the label: Table 1 of
# doi:10.1007/s10278-023-00801-4 (Journal of Digital Imaging 36, 2023).
CHESTXRAY14_COUNTS = {
    "Atelectasis": 11559,
    "Cardiomegaly": 2776,
    "Consolidation": 4667,
    "Edema": 2303,
    "Effusion": 13317,
    "Emphysema": 2516,
    "Fibrosis": 1686,
    "Hernia": 227,
    "Infiltration": 19894,
    "Mass": 5782,
    "Nodule": 6331,
    "Pleural Thickening": 3385,
    "Pneumonia": 1431,
    "Pneumothorax": 5302,
}

# A chronic finding is in all films of a patient, at one place; the others come and go.
CHRONIC = frozenset(
    {
        "Cardiomegaly",
        "Emphysema",
        "Fibrosis",
        "Hernia",
        "Mass",
        "Nodule",
        "Pleural Thickening",
    }
)

# Findings of one group come together more often than by chance: heart failure, infection, airways.
RELATED = (
    ("Cardiomegaly", "Edema", "Effusion"),
    ("Consolidation", "Infiltration", "Pneumonia"),
    ("Emphysema", "Pneumothorax"),
)
