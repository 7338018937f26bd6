"""Published architectures, re-implemented small, with a k-mer planted in a first convolution.

``python tests/models/zoo.py`` prints the table of docs/models.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

WORD = "UGACUCA"
WIDTH = 8


def plant(weight, bias=None, at=1, word=WORD):
    """Let the first kernel of (out, 4, width), or of a view of that shape, read a word."""
    with torch.no_grad():
        weight[0] = 0
        for i, letter in enumerate(word):
            weight[0, :, at + i] = -1
            weight[0, "ACGU".index(letter), at + i] = 1
        if bias is not None:
            bias[0] = -4


def conv(i, o, k, *, planted=False, **settings):
    layer = nn.Conv1d(i, o, k, **settings)
    if planted:
        plant(layer.weight, layer.bias)
    return layer


class Net(nn.Module):
    """Modules by name, and a forward pass that is given."""

    def __init__(self, run, **modules):
        super().__init__()
        self.run = run
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, x, *args):
        return self.run(self, x, *args)


class Add(nn.Module):
    def __init__(self, *inner):
        super().__init__()
        self.inner = nn.Sequential(*inner)

    def forward(self, x):
        return x + self.inner(x)


def deepbind():
    def one(net, x):
        h = torch.relu(net.conv(x))
        return net.head(torch.cat([h.amax(2), h.mean(2)], 1))

    return Net(lambda net, x: torch.maximum(one(net, x.flip([1, 2])), one(net, x)),
               conv=conv(4, WIDTH, 9, planted=True, padding=8), head=nn.Linear(2 * WIDTH, 1))  # fmt: skip


def both_strands_in_a_batch():
    def run(net, x):
        h = torch.relu(net.conv(torch.cat([x, x.flip([1, 2])]))).amax(2)
        return net.head(torch.maximum(*h.chunk(2)))

    return Net(run, conv=conv(4, WIDTH, 9, planted=True, padding=4), head=nn.Linear(WIDTH, 1))


def basset():
    return nn.Sequential(
        conv(4, WIDTH, 11, planted=True, padding=5), nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.MaxPool1d(3),
        conv(WIDTH, WIDTH, 5, padding=2), nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.MaxPool1d(2), nn.AdaptiveAvgPool1d(1),
        nn.Flatten(), nn.Linear(WIDTH, 3),
    )  # fmt: skip


def deepsea():
    first = nn.Conv2d(4, WIDTH, (1, 8))
    plant(first.weight[:, :, 0], first.bias)
    body = nn.Sequential(first, nn.ReLU(), nn.MaxPool2d((1, 4), (1, 4)), nn.Conv2d(WIDTH, WIDTH, (1, 5)), nn.ReLU())
    return Net(lambda net, x: torch.sigmoid(net.head(net.body(x.unsqueeze(2)).amax((2, 3)))),
               body=body, head=nn.Linear(WIDTH, 2))  # fmt: skip


def pictures_of_letters():
    first = nn.Conv2d(1, WIDTH, (4, 9))
    plant(first.weight[:, 0], first.bias)
    return Net(lambda net, x: net.head(torch.relu(net.second(torch.relu(net.first(x[:, None])).squeeze(2))).mean(2)),
               first=first, second=conv(WIDTH, WIDTH, 5), head=nn.Linear(WIDTH, 1))  # fmt: skip


def aparent():
    first = nn.Conv2d(1, WIDTH, (8, 4))
    plant(first.weight[:, 0].transpose(1, 2), first.bias)
    body = nn.Sequential(first, nn.ReLU(), nn.MaxPool2d((2, 1)), nn.Conv2d(WIDTH, WIDTH, (6, 1)), nn.ReLU())
    return Net(lambda net, x: net.head(net.body(x.transpose(1, 2)[:, None]).amax((2, 3))),
               body=body, head=nn.Linear(WIDTH, 1))  # fmt: skip


def danq():
    return Net(lambda net, x: net.head(net.lstm(net.pool(torch.relu(net.conv(x))).transpose(1, 2))[0].mean(1)),
               conv=conv(4, WIDTH, 9, planted=True), pool=nn.MaxPool1d(4),
               lstm=nn.LSTM(WIDTH, 4, batch_first=True, bidirectional=True), head=nn.Linear(8, 1))  # fmt: skip


def deepstarr():
    layers = []
    for i, (inward, k) in enumerate([(4, 7), (WIDTH, 3), (WIDTH, 5)]):
        first = conv(inward, WIDTH, k, padding="same")
        if not i:
            plant(first.weight, first.bias, at=0)
        layers += [first, nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.MaxPool1d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(WIDTH * 12, 2))


def bpnet():
    def run(net, x):
        h = torch.relu(net.iconv(x))
        for layer in net.rconvs:
            h = h + torch.relu(layer(h))
        return net.profile(h), net.counts(h.mean(2))

    return Net(run, iconv=conv(4, WIDTH, 21, planted=True, padding=10),
               rconvs=nn.ModuleList(conv(WIDTH, WIDTH, 3, padding=2**i, dilation=2**i) for i in (1, 2, 3)),
               profile=conv(WIDTH, 1, 25, padding=12), counts=nn.Linear(WIDTH, 1))  # fmt: skip


def tower(planted):
    def run(net, x):
        h = torch.relu(net.iconv(x))
        for layer in net.rconvs:
            y = torch.relu(layer(h))
            crop = (h.shape[2] - y.shape[2]) // 2
            h = h[:, :, crop:-crop] + y
        return net.counts(h.mean(2))

    return Net(run, iconv=conv(4, WIDTH, 11, planted=planted), counts=nn.Linear(WIDTH, 1),
               rconvs=nn.ModuleList(conv(WIDTH, WIDTH, 3, dilation=2**i) for i in (1, 2)))  # fmt: skip


def chrombpnet():
    return Net(lambda net, x: torch.logsumexp(torch.cat([net.bias(x), net.accessibility(x)], 1), 1),
               bias=tower(planted=False), accessibility=tower(planted=True))  # fmt: skip


def spliceai():
    def run(net, x):
        h = net.conv1(x)
        skip = net.skip(h)
        for unit in net.units:
            h = unit(h)
        return torch.softmax(net.last((skip + net.join(h))[:, :, 20:-20]), 1)

    units = [Add(nn.BatchNorm1d(WIDTH), nn.ReLU(), conv(WIDTH, WIDTH, 11, padding="same")) for _ in range(2)]
    return Net(run, conv1=conv(4, WIDTH, 9, planted=True, padding="same"), units=nn.ModuleList(units),
               skip=conv(WIDTH, WIDTH, 1), join=conv(WIDTH, WIDTH, 1), last=conv(WIDTH, 3, 1))  # fmt: skip


def pangolin():
    def run(net, x):
        return torch.sigmoid(net.last(F.pad(net.unit(net.conv1(x)), (-12, -12))))

    unit = Add(nn.ReLU(), conv(WIDTH, WIDTH, 7, padding=12, dilation=4))
    return Net(run, conv1=conv(4, WIDTH, 9, planted=True, padding=4), unit=unit, last=conv(WIDTH, 2, 1))


class AttentionPool(nn.Module):
    def __init__(self):
        super().__init__()
        self.to_logits = nn.Conv2d(WIDTH, WIDTH, 1, bias=False)

    def forward(self, x):
        x = x[..., : x.shape[2] // 2 * 2].unflatten(2, (-1, 2))
        return (x * self.to_logits(x).softmax(3)).sum(3)


def enformer():
    encoder = nn.TransformerEncoderLayer(WIDTH, 2, 16, 0.0, batch_first=True)
    heads = nn.ModuleDict({"human": nn.Linear(WIDTH, 2), "mouse": nn.Linear(WIDTH, 1)})

    def run(net, x):
        h = net.encoder(net.tower(net.stem(x)).transpose(1, 2))
        return {name: F.softplus(head(h)) for name, head in net.heads.items()}

    return Net(run, stem=nn.Sequential(conv(4, WIDTH, 9, planted=True, padding=4), AttentionPool()),
               tower=nn.Sequential(nn.GELU(), conv(WIDTH, WIDTH, 5, padding=2), AttentionPool()),
               encoder=encoder, heads=heads)  # fmt: skip


def borzoi():
    def run(net, x):
        h0 = net.tower(F.max_pool1d(net.stem(x), 2))
        h1 = net.down(F.max_pool1d(h0, 2))
        low = net.encoder(h1.transpose(1, 2)).transpose(1, 2)
        return F.softplus(net.head(F.interpolate(low, scale_factor=2) + net.across(h0)))

    return Net(run, stem=conv(4, WIDTH, 9, planted=True, padding="same"), tower=conv(WIDTH, WIDTH, 5, padding="same"),
               down=conv(WIDTH, WIDTH, 5, padding="same"), across=conv(WIDTH, WIDTH, 1), head=conv(WIDTH, 2, 1),
               encoder=nn.TransformerEncoderLayer(WIDTH, 2, 16, 0.0, batch_first=True))  # fmt: skip


def legnet():
    def run(net, x):
        h = F.silu(net.norm(net.stem(x)))
        y = F.silu(net.depthwise(h))
        y = y * torch.sigmoid(net.squeeze(y.mean(2)))[:, :, None]
        return net.head(torch.cat([y, h], 1).mean(2)).squeeze(1)

    return Net(run, stem=conv(4, WIDTH, 11, planted=True, padding="same"), norm=nn.BatchNorm1d(WIDTH),
               depthwise=conv(WIDTH, WIDTH, 9, groups=WIDTH, padding="same"), squeeze=nn.Linear(WIDTH, WIDTH),
               head=nn.Linear(2 * WIDTH, 1))  # fmt: skip


def resnet():
    def run(net, x):
        h = F.max_pool1d(torch.relu(net.conv1(x)), 3, 2, 1)
        h = torch.relu(net.down(h) + net.conv3(torch.relu(net.conv2(h))))
        return net.head(h.mean(2))

    return Net(run, conv1=conv(4, WIDTH, 9, planted=True, padding=4), conv2=conv(WIDTH, WIDTH, 3, stride=2, padding=1),
               conv3=conv(WIDTH, WIDTH, 3, padding=1), down=conv(WIDTH, WIDTH, 1, stride=2),
               head=nn.Linear(WIDTH, 1))  # fmt: skip


def explainn():
    first = conv(4 * WIDTH, WIDTH, 9, groups=WIDTH)
    plant(first.weight, first.bias)
    body = nn.Sequential(first, nn.BatchNorm1d(WIDTH), nn.MaxPool1d(7), nn.Flatten())
    return Net(lambda net, x: net.head(net.units(torch.exp(net.body(x.repeat(1, WIDTH, 1))).unsqueeze(2)).flatten(1)),
               body=body, units=conv(13 * WIDTH, WIDTH, 1, groups=WIDTH), head=nn.Linear(WIDTH, 2))  # fmt: skip


def unet():
    def run(net, x):
        a = torch.relu(net.down1(x))
        b = torch.relu(net.down2(F.max_pool1d(a, 2)))
        return torch.sigmoid(net.out(torch.cat([net.up(b), a], 1))).squeeze(1)

    return Net(run, down1=conv(4, WIDTH, 9, planted=True, padding=4), down2=conv(WIDTH, WIDTH, 7, padding=3),
               up=nn.ConvTranspose1d(WIDTH, WIDTH, 2, 2), out=conv(2 * WIDTH, 1, 1))  # fmt: skip


def causal():
    def run(net, x):
        h = net.conv1(x)
        for layer in net.layers:
            h = h + torch.relu(layer(h)[:, :, : h.shape[2]])
        return net.head(h[:, :, 3:-5].mean(2))

    return Net(run, conv1=conv(4, WIDTH, 9, planted=True), head=nn.Linear(WIDTH, 1),
               layers=nn.ModuleList(conv(WIDTH, WIDTH, 3, padding=2 * d, dilation=d) for d in (1, 2)))  # fmt: skip


def optimus():
    return nn.Sequential(
        conv(4, WIDTH, 8, planted=True, padding="same"), nn.ReLU(), conv(WIDTH, WIDTH, 8, padding="same"), nn.ReLU(),
        nn.Flatten(), nn.Linear(50 * WIDTH, 1),
    )  # fmt: skip


def saluki():
    return Net(lambda net, x: net.head(net.gru(net.norm(F.max_pool1d(net.conv1(x), 2).transpose(1, 2)))[1][0]),
               conv1=conv(4, WIDTH, 9, planted=True), norm=nn.LayerNorm(WIDTH),
               gru=nn.GRU(WIDTH, WIDTH, batch_first=True), head=nn.Linear(WIDTH, 1))  # fmt: skip


def inception():
    def run(net, x):
        h = torch.relu(torch.cat([net.wide(x), net.mid(x), net.narrow(x)], 1))
        return net.head(torch.relu(net.out(h)).amax(2))

    return Net(run, wide=conv(4, 4, 15, padding=7), mid=conv(4, 4, 11, padding=5), head=nn.Linear(WIDTH, 1),
               narrow=conv(4, 4, 9, planted=True, padding=4), out=conv(12, WIDTH, 5, padding=2))  # fmt: skip


def convnext():
    def run(net, x):
        x = net.stem(x)
        h = net.second(F.gelu(net.first(net.norm(net.depthwise(x).transpose(1, 2)))))
        return net.head(net.down(x + h.transpose(1, 2)).mean(2))

    return Net(run, stem=conv(4, WIDTH, 9, planted=True, padding=4), norm=nn.LayerNorm(WIDTH),
               depthwise=conv(WIDTH, WIDTH, 7, padding=3, groups=WIDTH), first=nn.Linear(WIDTH, 16),
               second=nn.Linear(16, WIDTH), down=conv(WIDTH, WIDTH, 4, stride=4), head=nn.Linear(WIDTH, 1))  # fmt: skip


def shared_strands():
    """Kernels and their reverse complements from one weight, called as a function."""
    net = Net(
        lambda net, x: net.head(torch.relu(F.conv1d(x, torch.cat([net.weight, net.weight.flip([1, 2])]))).amax(2)),
        head=nn.Linear(2 * WIDTH, 1),
    )
    net.weight = nn.Parameter(torch.randn(WIDTH, 4, 9) * 0.2)
    plant(net.weight)
    return net


def tokens():
    embedding, first = nn.Embedding(4, 4), conv(4, WIDTH, 9, padding="same")
    plant(first.weight, first.bias)
    with torch.no_grad():
        embedding.weight.copy_(torch.eye(4))
    return Net(lambda net, x: net.head(torch.relu(net.conv(net.embedding(x.argmax(1)).transpose(1, 2))).mean(2)),
               embedding=embedding, conv=first, head=nn.Linear(WIDTH, 1))  # fmt: skip


def flanked():
    """An insert between the constant flanks of a reporter."""
    left, right = (F.one_hot(torch.tensor(codes), 4).float().T[None] for codes in ([0, 1, 2, 3, 0], [3, 3, 1]))

    def run(net, x):
        x = torch.cat([left.expand(len(x), -1, -1), x, right.expand(len(x), -1, -1)], 2)
        return net.head(torch.relu(net.conv2(torch.relu(net.conv1(x)))).amax(2))

    return Net(run, conv1=conv(4, WIDTH, 9, planted=True), conv2=conv(WIDTH, WIDTH, 5), head=nn.Linear(WIDTH, 1))


def cell_types():
    """One tower, and a cell type that the net is told."""
    return Net(lambda net, x, cell: net.head(torch.relu(net.conv(x)).amax(2) * net.cell(cell)),
               conv=conv(4, WIDTH, 9, planted=True), cell=nn.Embedding(3, WIDTH), head=nn.Linear(WIDTH, 1))  # fmt: skip


class TellsCell(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = cell_types()

    def forward(self, x, cell_type):
        return self.net(x, cell_type)


def basenji():
    """Pools, then dilated residual blocks, then a crop of the edges."""

    def run(net, x):
        h = net.tower(F.max_pool1d(F.gelu(net.stem(x)), 2))
        for block in net.dilated:
            h = block(h)
        return F.softplus(net.head(h[:, :, 2:-2])).transpose(1, 2)

    blocks = [Add(nn.GELU(), conv(WIDTH, 4, 3, padding=d, dilation=d), conv(4, WIDTH, 1)) for d in (1, 2)]
    tower = nn.Sequential(conv(WIDTH, WIDTH, 5, padding=2), nn.BatchNorm1d(WIDTH), nn.GELU(), nn.MaxPool1d(2))
    return Net(run, stem=conv(4, WIDTH, 15, planted=True, padding=7), tower=tower, dilated=nn.ModuleList(blocks),
               head=conv(WIDTH, 3, 1))  # fmt: skip


def sei():
    """A linear and a nonlinear branch, added; splines over the positions as one product."""

    def run(net, x):
        line = net.line1(x)
        line = net.line2(F.max_pool1d(line + net.curve(line), 4))
        return torch.sigmoid(net.head((line @ net.splines).flatten(1)))

    net = Net(run, line1=nn.Sequential(conv(4, WIDTH, 9, planted=True, padding=4), conv(WIDTH, WIDTH, 9, padding=4)),
              curve=nn.Sequential(conv(WIDTH, WIDTH, 5, padding=2), nn.ReLU(inplace=True)),
              line2=nn.Sequential(conv(WIDTH, WIDTH, 5, padding=2), nn.ReLU(inplace=True)),
              head=nn.Linear(3 * WIDTH, 2))  # fmt: skip
    net.splines = nn.Parameter(torch.rand(25, 3))
    return net


def malinois():
    """Zeros beside the sequence as a module of its own; a branch per task as one batched product."""

    def run(net, x):
        h = net.body(x).flatten(1)
        return torch.einsum("bi,tio->bto", torch.relu(net.linear(h)), net.branches).squeeze(2)

    first = conv(4, WIDTH, 9, planted=True)
    body = nn.Sequential(nn.ConstantPad1d((4, 4), 0.0), first, nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.MaxPool1d(3),
                         nn.ConstantPad1d((2, 2), 0.0), conv(WIDTH, WIDTH, 5), nn.ReLU(), nn.MaxPool1d(4))  # fmt: skip
    net = Net(run, body=body, linear=nn.Linear(8 * WIDTH, 6))
    net.branches = nn.Parameter(torch.randn(3, 6, 1))
    return net


def puffin():
    """Both strands beside each other as channels, gated, and a transposed convolution to the signal."""

    def run(net, x):
        h = torch.cat([net.conv(x), net.conv(x.flip([1, 2])).flip(2)], 1)
        return net.signal(F.softplus(h) * torch.sigmoid(h))

    return Net(run, conv=conv(4, WIDTH, 15, planted=True, padding=7),
               signal=nn.ConvTranspose1d(2 * WIDTH, 2, 11, padding=5))  # fmt: skip


def aparent2():
    """Residual, dilated Conv2d over a picture of letters."""
    first = nn.Conv2d(1, WIDTH, (4, 8))
    plant(first.weight[:, 0], first.bias)

    def run(net, x):
        h = net.first(x[:, None])
        for layer in net.dilated:
            h = h + layer(torch.relu(h))
        return net.head(h).flatten(2)

    dilated = [nn.Conv2d(WIDTH, WIDTH, (1, 3), dilation=(1, d), padding="same") for d in (1, 4)]
    return Net(run, first=first, dilated=nn.ModuleList(dilated), head=nn.Conv2d(WIDTH, 1, 1))


def mtsplice():
    """The ends of the sequence, each read on its own and weighted by position."""

    def one(net, x):
        h = torch.relu(net.conv1(x))
        y = torch.relu(net.conv2(h))
        return ((h[:, :, -y.shape[2] :] + y) * torch.linspace(1, 2, y.shape[2])).mean(2)

    def run(net, x):
        return net.head(torch.cat([one(net, x[:, :, :60]), one(net, x[:, :, -60:])], 1))

    return Net(run, conv1=conv(4, WIDTH, 9, planted=True), conv2=conv(WIDTH, WIDTH, 2, dilation=4),
               head=nn.Linear(2 * WIDTH, 2))  # fmt: skip


def strands_side_by_side():
    """Every sequence and its reverse complement are neighbours in the batch."""

    def run(net, x):
        h = torch.stack([x, x.flip([1, 2])], 1).flatten(0, 1)
        h = torch.relu(net.conv2(torch.relu(net.conv1(h)))).amax(2)
        return net.head(h).unflatten(0, (-1, 2)).mean(1)

    return Net(run, conv1=conv(4, WIDTH, 9, planted=True, padding=4), conv2=conv(WIDTH, WIDTH, 3),
               head=nn.Linear(WIDTH, 1))  # fmt: skip


@dataclass(frozen=True)
class Published:
    """An architecture: what it is, where the word is, and what a user writes beside the factory."""

    name: str
    source: str
    build: Callable[[], nn.Module]
    layer: str
    options: dict[str, Any] = field(default_factory=dict)
    deep: str = ""
    gradient: bool = True
    way: str = "alone"


ZOO = (
    Published("DeepBind", "Alipanahi 2015", deepbind, "conv"),
    Published("both strands in a batch", "Shrikumar 2017", both_strands_in_a_batch, "conv"),
    Published("Basset", "Kelley 2016", basset, "0", deep="4"),
    Published("DeepSEA (Conv2d)", "Zhou 2015", deepsea, "body.0", deep="body.3"),
    Published("iDeepS, DeepRiPe (Conv2d)", "Pan 2018, Ghanbari 2020", pictures_of_letters, "first",
              deep="second"),
    Published("APARENT (Conv2d)", "Bogard 2019", aparent, "body.0", deep="body.3"),
    Published("DanQ", "Quang 2016", danq, "conv"),
    Published("DeepSTARR", "de Almeida 2022", deepstarr, "0", {"length": 100}, deep="8"),
    Published("BPNet", "Avsec 2021", bpnet, "iconv", {"output": 1}, deep="rconvs.2"),
    Published("ChromBPNet", "Pampari 2024", chrombpnet, "accessibility.iconv",
              deep="accessibility.rconvs.1", way="dense"),
    Published("SpliceAI", "Jaganathan 2019", spliceai, "conv1", {"output": {"position": "center"}},
              deep="last"),
    Published("Pangolin", "Zeng 2022", pangolin, "conv1", {"output": {"position": "center"}},
              deep="last"),
    Published("Enformer", "Avsec 2021", enformer, "stem.0",
              {"output": {"item": "human", "mean": "positions"}}, deep="tower.1"),
    Published("Borzoi", "Linder 2025", borzoi, "stem", {"output": {"mean": "positions"}},
              deep="down"),
    Published("LegNet", "Penzar 2023", legnet, "stem", deep="depthwise"),
    Published("ResNet", "He 2016", resnet, "conv1", deep="conv3"),
    Published("ExplaiNN", "Novakovsky 2023", explainn, "body.0"),
    Published("U-net", "Ronneberger 2015", unet, "down1", {"output": {"mean": "positions"}}, deep="down2"),
    Published("causal convolutions", "Bai 2018", causal, "conv1", deep="layers.0"),
    Published("Optimus 5-Prime", "Sample 2019", optimus, "0", {"length": 50}, deep="2"),
    Published("Saluki", "Agarwal 2022", saluki, "conv1"),
    Published("Inception", "Szegedy 2015", inception, "narrow", deep="out", way="dense"),
    Published("ConvNeXt", "Liu 2022", convnext, "stem", deep="down"),
    Published("kernels shared by strands", "Shrikumar 2017", shared_strands, "conv"),
    Published("tokens and embedding", "Ji 2021", tokens, "conv", gradient=False),
    Published("reporter with flanks", "Gosai 2024", flanked, "conv1", deep="conv2"),
    Published("Basenji", "Kelley 2018", basenji, "stem", {"output": {"mean": "positions"}}, deep="dilated.1.inner.1"),
    Published("Sei", "Chen 2022", sei, "line1.0", {"length": 100}, deep="line2.0"),
    Published("Malinois", "Gosai 2024", malinois, "body.1", {"length": 100}, deep="body.6"),
    Published("Puffin", "Dudnyk 2024", puffin, "conv", {"output": {"mean": "positions"}}),
    Published("APARENT2 (Conv2d)", "Linder 2022", aparent2, "first",
              {"output": {"position": "center"}}, deep="dilated.1"),
    Published("MTSplice", "Cheng 2021", mtsplice, "conv1", {"length": 120}, deep="conv2"),
    Published("strands side by side in a batch", "Quang 2019", strands_side_by_side, "conv1", deep="conv2"),
    Published("cell type as an input", "Schreiber 2020", TellsCell, "net.conv",
              {"inputs": {"cell_type": 2}}),
)  # fmt: skip


def table() -> str:
    """Markdown table of the architectures; tests/models/test_published_architectures.py shows each row."""
    rows = [
        "| architecture | after | lines beside `factory` | layers as motif layers | attribution |",
        "|---|---|---|---|---|",
    ]
    for one in ZOO:
        said = ", ".join(f"`{name}: {_yaml(value)}`" for name, value in one.options.items())
        said = f"{len(one.options)}{': ' if said else ''}{said}"
        layers = ", ".join(f"`{name}`" for name in (one.layer, one.deep) if name)
        beside = "" if one.way == "alone" else " (with room beside the window)"
        way = "gradients" if one.gradient else "mutagenesis"
        rows.append(f"| {one.name} | {one.source} | {said} | {layers}{beside} | {way} |")
    return "\n".join(rows)


def _yaml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {inner}" for key, inner in value.items()) + "}"
    return str(value)


if __name__ == "__main__":
    print(table())
