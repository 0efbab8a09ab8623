"""Networks for pictures: traced without loss, quantized within a point, computed as TFLM computes them."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from converters.compile import lower
from converters.emit.tflite import emit
from converters.error import ConvertError
from converters.interpreters import Tflm
from converters.native import compiled
from converters.ops import registry
from converters.ops.resize_bilinear import op as resize_bilinear
from converters.ops.resize_bilinear.op import ResizeBilinear
from converters.quantize.ptq import post_training
from converters.read_tflite import parse
from converters.run import outputs, run_float
from converters.trace_picture import simplify_picture, trace_picture
from training.layers.s2_block import shuffle
from training.models.sinet import Mask, build

H, W = 64, 96


def randomized(net):
    """With normalizations and slopes that are not the identity."""
    torch.manual_seed(1)
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.running_mean.normal_(0, 0.3)
            m.running_var.uniform_(0.5, 2)
            m.weight.data.uniform_(0.5, 1.5)
            m.bias.data.normal_(0, 0.3)
        if isinstance(m, nn.PReLU):
            m.weight.data.uniform_(-0.2, 0.5)
    return net.eval()


def floats(graph, x):
    """float [B, H, W, C] of x [B, 3, H, W]"""
    constants = {t.name: torch.tensor(t.data) for t in graph.tensors.values() if t.is_constant}
    return run_float(graph, x.permute(0, 2, 3, 1), constants)[graph.outputs[0]].detach().numpy()


@pytest.fixture
def same(monkeypatch):
    """`agreed`, with resizes at positions as fine as torch's instead of 1/1024."""
    monkeypatch.setattr(resize_bilinear, "ONE", 1 << 24)
    return agreed


def agreed(net, height=H, width=W):
    """The simplified graph, after it and the traced one gave what torch gives."""
    torch.manual_seed(2)
    x = torch.randn(2, 3, height, width)
    with torch.no_grad():
        wanted = net(x).permute(0, 2, 3, 1).numpy()
    traced = trace_picture(net, height, width)
    simple = simplify_picture(traced)
    for graph in (traced, simple):
        np.testing.assert_allclose(floats(graph, x), wanted, atol=1e-5)
    return simple


class Small(nn.Module):
    """3 channels to 8, then `layer`."""

    def __init__(self, layer, channels=8):
        super().__init__()
        self.stem, self.layer = nn.Conv2d(3, channels, (3, 5), 2, (1, 2)), layer

    def forward(self, x):
        return self.layer(self.stem(x))


class Call(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return self.f(x)


class Shuffled(nn.Module):
    """Groups, a shuffle, and two readers: as SINet has them."""

    def __init__(self, channels=8, groups=2):
        super().__init__()
        self.groups = groups
        self.narrow = nn.Conv2d(channels, channels, 1, groups=groups)
        self.deep = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.act, self.wide = nn.PReLU(channels), nn.Conv2d(channels, 6, 1)
        self.direct = nn.Conv2d(channels, 6, 3, padding=1)

    def forward(self, x):
        x = shuffle(self.narrow(x), self.groups)
        return self.wide(self.act(self.deep(F.avg_pool2d(x, 2)))), self.direct(x)


class Joined(Shuffled):
    def forward(self, x):
        a, b = super().forward(x)
        return F.interpolate(a, b.shape[2:], mode="bilinear", align_corners=True) + b


@pytest.mark.parametrize("options", [{}, {"act": "relu"}, {"gate": "add"}, {"pools": False}], ids=str)
def test_sinet_is_traced_without_loss(options, same):
    net = randomized(build(2, H, W, width=0.34, **options))
    graph = same(Mask(net))
    assert {n.op.builtin for n in graph} <= set(registry())
    assert graph[graph.outputs[0]].shape == (1, H, W, 1)


def test_normalizations_and_shuffles_of_sinet_cost_next_to_nothing():
    net = Mask(randomized(build(2, 96, 96)))
    found = simplify_picture(trace_picture(net, 96, 96)).histogram()
    assert "SHUFFLE" not in found and found["MUL"] == 3  # two excitations and the gate
    # Ten blocks of three convolutions, seven of them with two groups; and seven more.
    assert found["CONV_2D"] == 30 + 7 - 1 + 7
    # Two in each block, two that halve, and the normalizations after sums.
    assert found["DEPTHWISE_CONV_2D"] == 20 + 2 + 11


@pytest.mark.parametrize("align_corners", [True, False])
def test_both_corner_conventions(align_corners, same):
    def resize(x):
        return F.interpolate(x, [2 * n for n in x.shape[2:]], mode="bilinear", align_corners=align_corners)

    graph = same(Small(Call(resize)))
    (op,) = (n.op for n in graph if isinstance(n.op, ResizeBilinear))
    assert (op.align_corners, op.half_pixel_centers) == (align_corners, not align_corners)


@pytest.mark.parametrize("groups", [2, 4])
def test_a_shuffle_goes_into_what_reads_it(groups, same):
    graph = same(Small(Joined(groups=groups)))
    assert graph.histogram()["CONV_2D"] == 4


def test_a_shuffle_that_nothing_takes_is_a_convolution_with_ones(same):
    graph = same(Small(Call(lambda x: shuffle(x, 4) + x)))
    assert graph.histogram()["CONV_2D"] == 2


@pytest.mark.parametrize("channels", [8, 128])
def test_groups_are_cut_and_joined_or_dense_when_small(channels, same):
    graph = same(Small(nn.Conv2d(channels, channels, 3, padding=1, groups=2), channels))
    assert graph.histogram().get("SLICE", 0) == (0 if channels == 8 else 2)


def test_what_cannot_be_lowered_is_named():
    for f, said in (
        (lambda x: x.amax(1), "keepdim=True"),
        (lambda x: x.transpose(2, 3), "only channels can be shuffled"),
    ):
        with pytest.raises(ConvertError, match=said):
            trace_picture(Small(Call(f)), H, W)


def quantized(net, pictures):
    graph = simplify_picture(trace_picture(net, *pictures.shape[1:3]))
    return graph, post_training(graph, pictures, 1 / 64)


@pytest.fixture(scope="module", params=["prelu", "relu"])
def portrait(request):
    net = Mask(randomized(build(2, H, W, width=0.34, act=request.param)))
    pictures = np.random.default_rng(0).integers(-128, 128, (6, H, W, 3)).astype(np.int8)
    return pictures, quantized(net, pictures)[1]


@pytest.mark.skipif(not Tflm.available(), reason="tflite-micro is not installed")
def test_tflm_computes_the_same_integers(portrait):
    pictures, graph = portrait
    judge = Tflm(emit(graph), 1)
    for picture in pictures[:3]:
        wanted = outputs(graph, [picture[None]])[0]
        assert wanted.std() > 3
        assert np.array_equal(judge.run([picture[None]])[0], wanted)


def test_generated_c_computes_the_same_integers(portrait, tmp_path):
    pictures, graph = portrait
    again = parse(emit(graph), "portrait")
    library = compiled(lower(again), tmp_path)
    for picture in pictures[:2]:
        assert np.array_equal(library.run([picture[None]])[0], outputs(graph, [picture[None]])[0])


def test_int8_stays_within_a_point_of_float():
    from training.data.drawn_portraits import drawn
    from training.evaluate.segmentation import segmentation
    from training.losses.segmentation import SegmentationLoss
    from training.models.sinet import network_input

    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    made = [drawn(rng, 64, 1) for _ in range(120)]
    x = network_input(np.stack([p.rgb for p in made]))
    masks = torch.tensor(np.stack([p.mask for p in made])).long()
    net = build(2, 64, 64, width=0.5)
    loss_of, optimizer = SegmentationLoss(torch.tensor([0.7, 0.3]), 5), torch.optim.Adam(net.parameters(), 1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-2, 120)
    for step in range(120):
        rows = slice(step * 12 % 96, step * 12 % 96 + 12)
        loss = loss_of(net(x[rows]), masks[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    pictures = np.stack([(p.rgb.astype(np.int16) - 128).astype(np.int8) for p in made])
    mask = Mask(copy.deepcopy(net)).eval()
    _, graph = quantized(mask, pictures[:32])
    with torch.no_grad():
        float_masks = list(mask(x[96:])[:, 0].numpy() > 0.5)
    int8_masks = [outputs(graph, [p[None]])[0][0, ..., 0] > 0 for p in pictures[96:]]
    truth = [p.mask for p in made[96:]]
    before, after = (segmentation(m, truth)["iou"] for m in (float_masks, int8_masks))
    assert before > 0.6 and -0.02 < before - after < 0.01
