"""Images, under the names of `keras.ops.image`.

    >>> ops.image.resize(ops.ones((1, 2, 2, 3)), (4, 4), data_format="channels_last").shape
    (1, 4, 4, 3)

They take a batch of images or one, with channels last or first, of any dtype: integers are computed in float32,
rounded and held to their range.
"""

from .pixels import (
    crop_images,
    extract_patches,
    extract_patches_3d,
    gaussian_blur,
    hsv_to_rgb,
    pad_images,
    rgb_to_grayscale,
    rgb_to_hsv,
)
from .resizing import resize, scale_and_translate
from .warping import affine_transform, elastic_transform, map_coordinates, perspective_transform

__all__ = [
    "affine_transform",
    "crop_images",
    "elastic_transform",
    "extract_patches",
    "extract_patches_3d",
    "gaussian_blur",
    "hsv_to_rgb",
    "map_coordinates",
    "pad_images",
    "perspective_transform",
    "resize",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "scale_and_translate",
]
