"""Images that the chapters work on: real ones that ship inside our dependencies."""

from course_lib.data.samples import ImageInfo, ct_slice, mr_slice, retina

__all__ = ["ImageInfo", "ct_slice", "mr_slice", "retina"]
