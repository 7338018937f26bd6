"""Published networks in Keras files: what opens, how far predictions are from Keras' own, what neurons have learned.

    pip download --no-deps mmsplice==2.4.0 spliceai==1.3.1
    for wheel in *.whl; do unzip -q $wheel -d nets; done
    python scripts/benchmarks/keras_nets.py nets
    python scripts/benchmarks/keras_nets.py nets/spliceai/models/spliceai1.h5 --layers conv1d_6 --neurons 3 24
    python scripts/benchmarks/keras_nets.py nets/spliceai/models/spliceai1.h5 --layers conv1d_6 conv1d_8 \\
        --sequences genome.fa --sites acceptors.fa
    python scripts/benchmarks/keras_nets.py nets/spliceai/models/spliceai1.h5 --layers conv1d_8 --neurons 1 \\
        --sequences genome.fa --logos logos

The files are the user's own (SpliceAI's are not for commercial use) and stay where they are. With --layers, windows
that excite the neurons are searched, or taken from both strands of --sequences, demixed into motifs and matched with
the RNA elements that come with the package. With --sites, sequences of one length with a site in the middle, the
neurons are ranked by their mean activation there.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from combmotif.config.neurons import select_neurons
from combmotif.core.seeding import named_generator
from combmotif.discovery.neuronmotif import demix_neuron
from combmotif.inference import WindowProbe, convolution_layers, layer_geometry, scan
from combmotif.models.keras import load_keras_model
from combmotif.models.keras.backend import import_keras
from combmotif.motifs.matching.database import load_database
from combmotif.motifs.matching.match import match
from combmotif.motifs.motif import MotifSet
from combmotif.report.drawing.logos import logo_svg
from combmotif.sampling.dataset import dataset_samples
from combmotif.sampling.enumerate import LONGEST, enumerate_windows
from combmotif.sampling.evolution import EvolveOptions, evolve
from combmotif.sequence.fasta import iterate_fasta


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


def both_strands(path, size=4000):
    """Pieces of the sequences of a FASTA file and of their reverse complements."""
    codes = [code for _, code in iterate_fasta(path)]
    complement = np.array([3, 2, 1, 0, 4], np.uint8)  # of A, C, G, U, N
    strands = [*codes, *(complement[code[::-1]] for code in codes)]
    return [code[start : start + size] for code in strands for start in range(0, len(code), size)]


def show_ranks(path, layers, sites, sequences):
    """Rank neurons by their mean activation at sites, in standard deviations of that in the sequences."""
    model = opened(path)
    near = [code for _, code in iterate_fasta(sites)]
    usual = [piece for piece in sequences if len(piece) == len(sequences[0])][:: max(1, len(sequences) // 50)]
    for layer in layers:
        size = layer_geometry(model, layer).receptive_field
        here = np.concatenate([values for _, values, _ in scan(model, layer, near)]).mean(0)
        some = np.concatenate([v.transpose(0, 2, 1)[valid] for _, v, valid in scan(model, layer, usual)])
        heights = (here - some.mean(0)[:, None]) / some.std(0)[:, None]
        middle = len(near[0]) // 2
        best = heights[:, max(0, middle - size) : middle].max(1)  # windows that hold the site
        told = ", ".join(f"{neuron} ({best[neuron]:.1f} SD)" for neuron in np.argsort(-best)[:4])
        print(f"{layer} ({size} nt), mean of {len(near)} sites: {told}", flush=True)


def show_motifs(path, layers, chosen, keep, *, sequences=None, logos=None):
    model = opened(path)
    elements = load_database("builtin")
    for layer in layers:
        start = time.perf_counter()
        probe = WindowProbe(model, layer)
        print(f"\n{layer}: each neuron sees {probe.receptive_field} nt")
        motifs = []
        for neuron in select_neurons(chosen, probe.neurons, layer):
            seeds = [named_generator(7, "samples", layer, neuron)]
            if sequences is not None:
                (samples,) = dataset_samples(probe, [neuron], sequences, keep=keep)
            elif probe.receptive_field <= LONGEST:
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
            if logos is not None:
                logos.mkdir(parents=True, exist_ok=True)
                (logos / f"{motif.id}.svg").write_text(logo_svg(motif), encoding="utf-8")
        print(f"  {time.perf_counter() - start:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, help="folder of .h5 and .keras files, or one of them")
    parser.add_argument("--layers", nargs="+", help="layers of the one file whose neurons are interpreted")
    parser.add_argument("--neurons", nargs="+", default="all", help="such as 0-7, or 3 24; default all")
    parser.add_argument("--keep", type=int, default=1000, help="windows kept per neuron; default 1000")
    parser.add_argument("--sequences", type=Path, help="FASTA whose windows are taken; default windows are searched")
    parser.add_argument("--sites", type=Path, help="FASTA of sites, at which the neurons of --layers are ranked")
    parser.add_argument("--logos", type=Path, help="folder for a logo of every motif")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sequences = None if arguments.sequences is None else both_strands(arguments.sequences)
    if arguments.sites and sequences is None:
        parser.error("--sites needs --sequences, which say what is usual")
    if arguments.layers and arguments.sites:
        show_ranks(arguments.path, arguments.layers, arguments.sites, sequences)
        return
    if arguments.layers:
        show_motifs(
            arguments.path, arguments.layers, arguments.neurons, arguments.keep,
            sequences=sequences, logos=arguments.logos,
        )  # fmt: skip
        return
    folder = arguments.path
    show_files([folder] if folder.is_file() else sorted([*folder.rglob("*.h5"), *folder.rglob("*.keras")]))


if __name__ == "__main__":
    main()
