import numpy as np
import pytest
import torch

from stylefuse.images.grid import contact_sheet, grid


def flat(*colours):
    """8×6 tensors of one grey each, -1…1."""
    return torch.stack([torch.full((3, 6, 8), float(c)) for c in colours])


def test_tensor_is_cut_into_rows():
    sheet = np.asarray(grid(flat(-1, 1, -1), columns=2, gap=2))
    assert sheet.shape == (6 + 2 + 6, 8 + 2 + 8, 3)
    assert (sheet[:6, :8] == 0).all() and (sheet[:6, 10:] == 255).all() and (sheet[8:, :8] == 0).all()
    assert len(np.unique(sheet[8:, 10:])) == 1 and 0 < sheet[9, 12, 0] < 255  # the empty cell shows paper


def test_rows_of_pictures_of_several_sizes_are_centred():
    sheet = np.asarray(grid([[torch.ones(3, 4, 4)], [-torch.ones(3, 8, 10)]], gap=0))
    assert sheet.shape == (16, 10, 3)
    assert (sheet[2:6, 3:7] == 255).all() and (sheet[8:] == 0).all()


def test_labels_take_room_beside_the_pictures():
    plain = grid(flat(-1, -1), gap=2)
    labelled = grid(flat(-1, -1), gap=2, row_labels=["photo"], column_labels=["a", "b"])
    assert labelled.width > plain.width and labelled.height > plain.height
    corner = np.asarray(labelled)[-plain.height :, -plain.width :]
    assert (corner == np.asarray(plain)).all()
    assert len(np.unique(np.asarray(labelled)[:, : labelled.width - plain.width])) > 2  # text was drawn


def test_contact_sheet_fits_pictures_whole():
    wide = np.zeros((10, 40, 3), np.uint8)
    sheet = np.asarray(contact_sheet([wide] * 3, columns=2, size=20, gap=0))
    assert sheet.shape == (40, 40, 3)
    dark = (sheet[:20, :20] == 0).all(axis=2)
    assert dark.sum() == 20 * 5 and dark[8:12].all()


def test_contact_sheet_with_labels():
    pictures = [np.zeros((10, 10, 3), np.uint8)] * 2
    names = ["a.png", "a very long name of a file.png"]
    assert contact_sheet(pictures, 2, 40, labels=names).height > contact_sheet(pictures, 2, 40).height
    with pytest.raises(ValueError, match="labels"):
        contact_sheet(pictures, labels=["a"])


def test_nothing_to_show_is_refused():
    for bad in (lambda: grid([]), lambda: grid(torch.zeros(0, 3, 4, 4)), lambda: contact_sheet([])):
        with pytest.raises(ValueError, match="picture"):
            bad()
    with pytest.raises(ValueError, match="columns"):
        grid([[torch.zeros(3, 4, 4)]], columns=2)
