import io

import numpy as np
from PIL import Image

from stylefuse.images.duplicates import HASH_BITS, first_alike, perceptual_hash


def bits_apart(a, b):
    return (a ^ b).bit_count()


def scene(seed):
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((240, 180), Image.Resampling.BICUBIC)


def test_recompressed_and_scaled_pictures_keep_their_hash():
    picture = scene(0)
    buffer = io.BytesIO()
    picture.resize((150, 112)).save(buffer, "JPEG", quality=60)
    with Image.open(buffer) as again:
        assert bits_apart(perceptual_hash(picture), perceptual_hash(again)) <= 48


def test_other_pictures_do_not():
    assert bits_apart(perceptual_hash(scene(0)), perceptual_hash(scene(1))) > 90


def test_hash_fills_its_bits():
    hashes = [perceptual_hash(scene(seed)) for seed in range(8)]
    assert 2 ** (HASH_BITS - 8) <= max(hashes) < 2**HASH_BITS


def test_no_two_kept_are_alike():
    #         kept    near 0  near 0 by 2, kept at distance 1   far
    hashes = [0b0000, 0b0001, 0b0011, (1 << HASH_BITS) - 1]
    assert first_alike(hashes, 1).tolist() == [-1, 0, -1, -1]  # 0b0011 is near 0b0001, which is gone
    assert first_alike(hashes, 2).tolist() == [-1, 0, 0, -1]


def test_repeats_name_the_nearest_kept_picture():
    assert first_alike([0, 0b11111, 0b11110], 4).tolist() == [-1, -1, 1]


def test_distance_zero_drops_equal_hashes_only():
    assert first_alike([5, 5, 4], 0).tolist() == [-1, 0, -1]
    assert first_alike([], 3).tolist() == []
