"""Networks: published parameter counts, shapes, and what time padding promises."""

import pytest
import torch

from training.models import build, kinds, takes

# Counted from the official code (bc_resnet, 12 classes).
BC_RESNET = {0.625: 4_585, 1: 9_232, 1.5: 17_154, 2: 27_284, 3: 54_168, 6: 187_812, 8: 321_068}
VALID = {
    "kind": "ds_cnn", "stem": 8, "stem_kernel": [5, 5], "blocks": [[12, 3, 1, 2], [12, 3, 2, 1], [16, 3, 4, 2]],
    "head": 16, "time": "valid", "residual": True,
}  # fmt: skip


@pytest.mark.parametrize(("width", "count"), BC_RESNET.items())
@pytest.mark.parametrize("time", ["same", "causal"])
def test_bc_resnet_has_the_published_parameters(width, count, time):
    net = build({"kind": "bc_resnet", "width": width, "time": time}, 12, 40, 98)
    assert sum(p.numel() for p in net.parameters()) == count


@pytest.mark.parametrize("kind", [k for k in kinds() if takes(k) == "sound"])
def test_every_kind_gives_logits_and_an_embedding(kind):
    net = build({"kind": kind}, 7, 40, 98).eval()
    x = torch.randn(2, 1, 40, 98)
    assert net(x).shape == (2, 7)
    assert net.embed(x).shape == (2, net.embedding, 1, 1)


@pytest.mark.parametrize("options", [{"kind": "bc_resnet", "time": "causal"}, {"kind": "ds_cnn", "time": "causal"}])
def test_causal_networks_do_not_look_ahead(options):
    net = build(options, 3, 40, 98).eval()
    features = []
    net.classifier.register_forward_pre_hook(lambda module, args: None)
    handle = (net.head if options["kind"] == "bc_resnet" else net.blocks).register_forward_hook(
        lambda module, args, out: features.append(out)
    )
    x = torch.randn(1, 1, 40, 98)
    changed = x.clone()
    changed[..., 60:] = torch.randn(1, 1, 40, 38)
    with torch.no_grad():
        net(x), net(changed)
    handle.remove()
    before = 60 if options["kind"] == "bc_resnet" else 30  # the stem of ds_cnn halves time
    assert torch.equal(features[0][..., :before], features[1][..., :before])
    assert not torch.equal(features[0], features[1])


def test_a_valid_network_sees_the_same_in_a_window_as_in_a_longer_sound():
    net = build(VALID, 3, 40, 98).eval()
    x = torch.randn(1, 1, 40, 198)
    with torch.no_grad():
        long = net.blocks(net.stem(x))  # [1, C, F, T]
        window = net.blocks(net.stem(x[..., 100:198]))
    assert torch.allclose(long[..., 50 : 50 + window.shape[-1]], window, atol=1e-5)


def test_what_cannot_be_built_is_said_in_one_line():
    with pytest.raises(ValueError, match="kind 'rnn' is not one of bc_resnet, "):
        build({"kind": "rnn"}, 2, 40, 98)
    with pytest.raises(ValueError, match="reduce dilation"):
        build({**VALID, "blocks": [[12, 3, 40, 1]]}, 2, 40, 98)
    with pytest.raises(ValueError, match="unexpected keyword"):
        build({"kind": "ds_cnn", "depth": 3}, 2, 40, 98)
    with pytest.raises(ValueError, match="multiple of 40"):
        build({"kind": "bc_resnet"}, 2, 32, 98)
