"""The network of fast neural style, for comparisons of speed; it is not trained here."""

from rivals.resnet import ResNetGenerator


def johnson_generator() -> ResNetGenerator:
    """Johnson et al. 2016 as PyTorch's example has it, 1.679 M parameters; N×3×H×W in [-1, 1] → the same.

    The example pads all convolutions by reflection, and has no tanh; no difference in size, little in speed.
    """
    return ResNetGenerator(ngf=32, blocks=5, resampling="nearest", ends=9, affine=True)
