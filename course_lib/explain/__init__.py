"""Where a network looks: maps over the image of what a class owes to each place.

activation_maps  class activation maps, which are exact, and Grad-CAM, for any layer
gradients        how the logit changes with each pixel
occlusion        how the logit falls when a place is covered
agreement        how well a map meets the place that is known
"""

from course_lib.explain.activation_maps import class_activation_map, grad_cam
from course_lib.explain.agreement import map_inside, peak_inside
from course_lib.explain.gradients import input_gradient
from course_lib.explain.occlusion import occlusion

__all__ = [
    "class_activation_map",
    "grad_cam",
    "input_gradient",
    "map_inside",
    "occlusion",
    "peak_inside",
]
