"""The published architectures in plain NumPy, and their weights files in the original layout."""

from __future__ import annotations

import h5py
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


def conv(x, kernel, bias=None, *, left=0, right=0):
    """x (length, in), Keras kernel (width, in, out)."""
    x = np.pad(x, ((left, right), (0, 0)))
    width = len(kernel)
    rows = [sum(x[i + k] @ kernel[k] for k in range(width)) for i in range(len(x) - width + 1)]
    return np.array(rows) + (0 if bias is None else bias)


def same(x, kernel, bias):
    """Keras 'same': an even kernel pads one more zero on the right."""
    total = len(kernel) - 1
    return conv(x, kernel, bias, left=total // 2, right=total - total // 2)


def channel_norm(x, gamma, beta, eps=0.007):
    mean, variance = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    return (x - mean) / np.sqrt(variance + eps) * gamma + beta


def batch_norm(x, w, eps):
    return (x - w["moving_mean"]) / np.sqrt(w["moving_variance"] + eps) * w["gamma"] + w["beta"]


def max_pool(x):
    return np.array([np.maximum(x[i], x[i + 1]) for i in range(0, len(x) - 1, 2)])


def keras_gru(x, w):
    """Gates z, r, h; reset_after: the reset gate acts on the recurrent product with its bias."""
    size = w["recurrent_kernel"].shape[0]
    state = np.zeros(size)
    for step in x:
        a = step @ w["kernel"] + w["bias"][0]
        b = state @ w["recurrent_kernel"] + w["bias"][1]
        z = sigmoid(a[:size] + b[:size])
        r = sigmoid(a[size : 2 * size] + b[size : 2 * size])
        h = np.tanh(a[2 * size :] + r * b[2 * size :])
        state = z * state + (1 - z) * h
    return state


def torch_gru(x, w_ih, w_hh, b_ih, b_hh):
    """Gates r, z, n, as torch.nn.GRU documents them."""
    size = w_hh.shape[1]
    state = np.zeros(size)
    for step in x:
        a, b = w_ih @ step + b_ih, w_hh @ state + b_hh
        r = sigmoid(a[:size] + b[:size])
        z = sigmoid(a[size : 2 * size] + b[size : 2 * size])
        n = np.tanh(a[2 * size :] + r * b[2 * size :])
        state = (1 - z) * n + z * state
    return state


def saluki_layers(rng, *, blocks=3, width=8, channels=6, kernel=5, head="dense_1"):
    """Random weights of every layer, by Keras' names."""

    def normal(*shape):
        return rng.normal(size=shape).astype(np.float32) * 0.5

    def suffix(name, i):
        return name if i == 0 else f"{name}_{i}"

    layers = {"conv1d": {"kernel": normal(kernel, channels, width)}}
    for i in range(blocks + 1):
        layers[suffix("layer_normalization", i)] = {"gamma": 1 + normal(width), "beta": normal(width)}
        if i < blocks:
            layers[suffix("conv1d", i + 1)] = {"kernel": normal(kernel, width, width), "bias": normal(width)}
    layers["gru"] = {
        "kernel": normal(width, 3 * width), "recurrent_kernel": normal(width, 3 * width), "bias": normal(2, 3 * width)
    }  # fmt: skip
    for i in range(2):
        layers[suffix("batch_normalization", i)] = {
            "gamma": 1 + normal(width), "beta": normal(width), "moving_mean": normal(width),
            "moving_variance": 0.003 + normal(width) ** 2,
        }  # fmt: skip
    layers["dense"] = {"kernel": normal(width, width), "bias": normal(width)}
    layers[head] = {"kernel": normal(width, 1), "bias": normal(1)}
    return layers


def saluki(layers, x, *, head="dense_1"):
    """Predict one sequence; x (length, channels)."""
    blocks = sum(name.startswith("conv1d") for name in layers) - 1
    h = conv(x, layers["conv1d"]["kernel"])
    for i in range(blocks + 1):
        norm = layers["layer_normalization" if i == 0 else f"layer_normalization_{i}"]
        h = relu(channel_norm(h, norm["gamma"], norm["beta"]))
        if i < blocks:
            own = layers[f"conv1d_{i + 1}"]
            h = max_pool(conv(h, own["kernel"], own["bias"]))
    h = keras_gru(h[::-1], layers["gru"])  # go_backwards: from the 3' end
    h = relu(batch_norm(h, layers["batch_normalization"], 1e-3))
    h = h @ layers["dense"]["kernel"] + layers["dense"]["bias"]
    h = relu(batch_norm(h, layers["batch_normalization_1"], 1e-3))
    return float((h @ layers[head]["kernel"] + layers[head]["bias"])[0])


def write_keras(path, layers):
    """Write layers as Keras' model.save does: model_weights/LAYER/LAYER/WEIGHT:0, the GRU's in its cell."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.4.0"
        root = file.create_group("model_weights")
        for empty in ("stochastic_shift", "re_lu", "max_pooling1d", "dropout"):
            root.create_group(empty)
        for layer, weights in layers.items():
            for name, value in weights.items():
                inner = f"{layer}/gru_cell" if layer.startswith("gru") else layer
                root[f"{layer}/{inner}/{name}:0"] = value


def combmotif_state(rng, *, blocks=3, width=8, channels=6, kernel=5):
    """Random weights by the names of CombMotif's saluki_torch."""

    def normal(*shape):
        return (rng.normal(size=shape) * 0.5).astype(np.float32)

    state = {"conv1.weight": normal(width, channels, kernel)}
    for i in range(blocks):
        state |= {
            f"ln_layers.{i}.ln.weight": 1 + normal(width),
            f"ln_layers.{i}.ln.bias": normal(width),
            f"conv_layers.{i}.weight": normal(width, width, kernel),
            f"conv_layers.{i}.bias": normal(width),
        }
    state |= {"Pln1.ln.weight": 1 + normal(width), "Pln1.ln.bias": normal(width)}
    state |= {f"rnn.gru.weight_{which}_l0": normal(3 * width, width) for which in ("ih", "hh")}
    state |= {f"rnn.gru.bias_{which}_l0": normal(3 * width) for which in ("ih", "hh")}
    for name in ("bn1", "bn2"):
        state |= {
            f"{name}.weight": 1 + normal(width), f"{name}.bias": normal(width), f"{name}.running_mean": normal(width),
            f"{name}.running_var": 0.003 + normal(width) ** 2, f"{name}.num_batches_tracked": np.int64(7),
        }  # fmt: skip
    return state | {
        "fc1.weight": normal(width, width), "fc1.bias": normal(width), "head.weight": normal(1, width),
        "head.bias": normal(1),
    }  # fmt: skip


def combmotif(state, x, *, padding=0):
    """Predict one sequence; x (length, channels)."""
    blocks = sum(name.startswith("conv_layers") for name in state) // 2

    def norm(h, name):
        return relu(channel_norm(h, state[f"{name}.ln.weight"], state[f"{name}.ln.bias"]))

    def batch(h, name):
        w = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
        return relu(batch_norm(h, {k: state[f"{name}.{v}"] for k, v in w.items()}, 1e-5))

    edges = {"left": padding, "right": padding}
    h = conv(x, state["conv1.weight"].transpose(2, 1, 0), **edges)
    for i in range(blocks):
        kernel = state[f"conv_layers.{i}.weight"].transpose(2, 1, 0)
        h = max_pool(conv(norm(h, f"ln_layers.{i}"), kernel, state[f"conv_layers.{i}.bias"], **edges))
    gates = [state[f"rnn.gru.{kind}_{which}_l0"] for kind in ("weight", "bias") for which in ("ih", "hh")]
    h = batch(torch_gru(norm(h, "Pln1"), *gates), "bn1")
    h = batch(state["fc1.weight"] @ h + state["fc1.bias"], "bn2")
    return float((state["head.weight"] @ h + state["head.bias"])[0])


def optimus(layers, x):
    """Predict one 50-nt sequence with every head; x (50, 4)."""
    for i in (1, 2, 3):
        x = relu(same(x, layers[f"conv_{i}"]["kernel"], layers[f"conv_{i}"]["bias"]))
    h = relu(x.reshape(-1) @ layers["dense_1"]["kernel"] + layers["dense_1"]["bias"])  # Flatten: position by position
    return h @ layers["dense_2"]["kernel"] + layers["dense_2"]["bias"]


def framepool(layers, x, *, residual=False):
    """Predict one sequence; x (length, 4). Frames count from the 3' end; sums are divided by all bases."""
    present = x.sum(1, keepdims=True)
    h = x
    for i in range(3):
        new = relu(same(h, layers[f"convolution_{i}"]["kernel"], layers[f"convolution_{i}"]["bias"])) * present
        h = h + new if residual and i else new
    frames = [h[::-1][frame::3] for frame in range(3)]
    pooled = [frame.max(0) for frame in frames] + [frame.sum(0) / present.sum() for frame in frames]
    h = relu(np.concatenate(pooled) @ layers["fully_connected_0"]["kernel"] + layers["fully_connected_0"]["bias"])
    y = h @ layers["mrl_output_unscaled"]["kernel"] + layers["mrl_output_unscaled"]["bias"]
    if "scaling_regression" in layers:
        k = layers["scaling_regression"]["kernel"][:, 0]
        y = k[0] * y + k[2]
    return float(y[0])
