"""Published networks in Keras files: what opens, how far predictions are from Keras' own, what neurons have learned.

    pip download --no-deps mmsplice==2.4.0 spliceai==1.3.1
    for wheel in *.whl; do unzip -q $wheel -d nets; done
    python scripts/benchmarks/keras_nets.py nets
    python scripts/benchmarks/keras_nets.py nets/spliceai/models/spliceai1.h5 --layers conv1d_6 --neurons 3 24
    python scripts/benchmarks/keras_nets.py nets/spliceai/models/spliceai1.h5 --layers conv1d_8 --neurons 1 22

The files are the user's own (SpliceAI's are not for commercial use) and stay where they are. With --layers, windows
that excite the neurons are searched, demixed into motifs and matched with the RNA elements that come with the package.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from combmotif.config.neurons import select_neurons
from combmotif.core.seeding import named_generator
from combmotif.discovery.neuronmotif import demix_neuron
from combmotif.inference import WindowProbe, convolution_layers, layer_geometry
from combmotif.models.keras import load_keras_model
from combmotif.models.keras.backend import import_keras
from combmotif.motifs.matching.database import load_database
from combmotif.motifs.matching.match import match
from combmotif.motifs.motif import MotifSet
from combmotif.sampling.enumerate import LONGEST, enumerate_windows
from combmotif.sampling.evolution import EvolveOptions, evolve


def opened(path):
    """Open a file; of predictions per position, where there are any, the middle one counts."""
    return load_keras_model(path, output={"position": "center"})


def difference(path, model, length):
    """Largest difference from Keras' own prediction for two random sequences."""
    keras = import_keras()
    codes = np.random.default_rng(5).integers(0, 4, (2, length)).astype(np.uint8)
    with torch.inference_mode():
        expected = keras.saving.load_model(path, compile=False)(model.tensor(codes).transpose(1, 2), training=False)
    if expected.ndim == 3:
        expected = expected[:, expected.shape[1] // 2]
    return float(np.abs(model.predict(codes) - expected.numpy()).max())


def show_files(paths):
    print(f"{'file':24s} {'parameters':>10s} {'seconds':>8s} {'difference':>10s}  convolutions with their fields")
    for path in paths:
        start = time.perf_counter()
        try:
            model = opened(path)
        except ValueError as error:
            print(f"{path.name:24s} refused: {str(error).removeprefix(f'{path}: ')}")
            continue
        seconds = time.perf_counter() - start
        size = model.input_spec.length or (10_101 if "spliceai" in path.name else 200)
        gap = difference(path, model, size)
        count = sum(parameter.numel() for parameter in model.module.parameters())
        layers = convolution_layers(model)
        shown = [f"{name} {layer_geometry(model, name).receptive_field}" for name in layers[:8]]
        rest = f", and {len(layers) - 8} more" if len(layers) > 8 else ""
        print(
            f"{path.name:24s} {count:10,d} {seconds:8.1f} {gap:10.1e}  {', '.join(shown) or 'none'}{rest}", flush=True
        )


def show_motifs(path, layers, chosen, keep):
    model = opened(path)
    elements = load_database("builtin")
    for layer in layers:
        start = time.perf_counter()
        probe = WindowProbe(model, layer)
        print(f"\n{layer}: each neuron sees {probe.receptive_field} nt")
        motifs = []
        for neuron in select_neurons(chosen, probe.neurons, layer):
            seeds = [named_generator(7, "samples", layer, neuron)]
            if probe.receptive_field <= LONGEST:
                (samples,) = enumerate_windows(probe, [neuron], seeds=seeds, keep=keep)
            else:
                options = EvolveOptions(keep=keep, generations=100)
                (samples,) = evolve(probe, [neuron], seeds=seeds, options=options)
            motifs += demix_neuron(probe, samples, seed=7, alphabet=model.input_spec.alphabet).motifs
            print(f"  neuron {neuron}: {len(motifs)} motifs so far, {time.perf_counter() - start:.0f} s", flush=True)
        found = match(MotifSet(tuple(motifs)), [elements])
        for motif in motifs:
            names = list(dict.fromkeys(found.loc[found["motif"] == motif.id, "name"]))
            print(f"  {motif.id:16s} {motif.consensus():40s} {'; '.join(names[:4])}")
        print(f"  {time.perf_counter() - start:.0f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, help="folder of .h5 and .keras files, or one of them")
    parser.add_argument("--layers", nargs="+", help="layers of the one file whose neurons are interpreted")
    parser.add_argument("--neurons", nargs="+", default="all", help="such as 0-7, or 3 24; default all")
    parser.add_argument("--keep", type=int, default=1000, help="windows kept per neuron; default 1000")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.layers:
        show_motifs(arguments.path, arguments.layers, arguments.neurons, arguments.keep)
        return
    folder = arguments.path
    show_files([folder] if folder.is_file() else sorted([*folder.rglob("*.h5"), *folder.rglob("*.keras")]))


if __name__ == "__main__":
    main()
