"""The network of fast neural style, for comparisons of speed; it is not trained here."""

from benchmarks.rivals.resnet import ResNetGenerator


def johnson_generator() -> ResNetGenerator:
    """Return the network of Johnson et al. 2016 as in PyTorch's example, with 1.679 M parameters.

    The example pads all convolutions by reflection and has no tanh. Its size is the same, its speed nearly.
    """
    return ResNetGenerator(ngf=32, blocks=5, resampling="nearest", ends=9, affine=True)
