"""Images that the chapters work on: real ones that ship inside our dependencies."""

from course_lib.data.dicom import ImageInfo, apply_window, read_dicom, to_display
from course_lib.data.samples import ct_slice, mr_slice, pydicom_file, retina

__all__ = [
    "ImageInfo",
    "apply_window",
    "ct_slice",
    "mr_slice",
    "pydicom_file",
    "read_dicom",
    "retina",
    "to_display",
]
