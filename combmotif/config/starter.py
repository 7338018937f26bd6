"""A commented config to begin with, for a model whose layers are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDEST = 25
"""Receptive field up to which a layer is proposed: it holds one motif or two."""


@dataclass(frozen=True)
class LayerFacts:
    """A layer as ``combmotif inspect`` shows it: name, neurons, receptive field in nt."""

    name: str
    neurons: int
    receptive_field: int


def propose_layer(layers: Sequence[LayerFacts], length: int | None) -> LayerFacts:
    """Choose the layer with the widest receptive field up to ``WIDEST`` nt that fits into the input, else the first."""
    fitting = [layer for layer in layers if layer.receptive_field <= min(WIDEST, length or WIDEST)]
    return max(fitting, key=lambda layer: layer.receptive_field) if fitting else layers[0]


def starter_config(
    model_lines: Sequence[str],
    layers: Sequence[LayerFacts],
    *,
    name: str,
    length: int | None,
    outputs: Sequence[str],
    tracks: int = 0,
    schema: str = "",
    file: str = "question.yaml",
) -> str:
    """Write a config with a comment on every choice.

    Parameters
    ----------
    model_lines : sequence of str
        Lines of the ``model`` section, not indented.
    layers : sequence of LayerFacts
        At least one.
    name : str
        Of the model.
    length : int or None
        Its input length in nt, None for any.
    outputs : sequence of str
    tracks : int, default 0
        Channels beside the bases.
    schema : str, default ""
        File of the JSON Schema, for editors.
    file : str
        Of the config, for the comments.

    Returns
    -------
    str
        YAML.
    """
    chosen = propose_layer(layers, length)
    size = length or max(100, 4 * chosen.receptive_field)
    count = max(200, min(20000, 1_000_000 // size))
    select = f"0-{min(7, chosen.neurons - 1)}" if chosen.neurons > 1 else "0"
    table = "\n".join(f"#   {one.name}: {one.neurons} neurons, each sees {one.receptive_field} nt" for one in layers)
    annotated = ", annotation: genes.gtf.gz" if tracks else ""
    head = f"# yaml-language-server: $schema={schema}\n" if schema else ""
    beside = (
        f"# It reads {tracks} tracks beside the bases (coding frame, splice sites). They come from the annotation\n"
        "# and are zero for random sequences, which such a net has not seen in training.\n"
        if tracks
        else ""
    )
    model = "\n".join(f"  {line}" for line in model_lines)
    return f"""{head}# What has {name} learned? Written by 'combmotif init'.
#   combmotif plan {file}      what would run, and how long
#   combmotif run {file}       do it
# 'combmotif schema --format markdown' explains every key.

model:
{model}

# The sequences on which neurons and effects are measured. Random ones show what the net can see; your own show what it
# does see. One of:
#   {{kind: fasta, path: sequences.fa.gz{annotated}}}
#   {{kind: table, path: sequences.tsv, sequence: COLUMN, label: COLUMN}}
#   {{kind: hdf5, path: data.h5, sequence: DATASET, label: DATASET}}
{beside}sequences: {{kind: random, count: {count}, length: {size}}}

# A deeper layer sees more: parts of motifs, motifs, pairs of motifs. Several layers are a list.
{table}
neurons:
  layer: {_quoted(chosen.name)}
  select: {_quoted(select)}            # all, 5, 0-15 (both ends included) or [0, 3, "7-9"]; counted from 0

# Each section below is a stage that is left out when its section is.
match:                     # which proteins, microRNAs or signals the motifs are
  databases: [builtin]     # [builtin, rbp] after 'combmotif fetch rbp'; and MEME files of your own
  q: 0.05                  # largest q-value of a match
contribution:              # whether a neuron raises or lowers the outcome
  outcome: prediction      # label or both, where the sequences have a label
  output: {_quoted(outputs[0])}
effects:                   # whether a motif raises or lowers it, inserted into 500 background sequences
  from: sequences          # or random
# interaction:             # how two motifs act together: synergy, antagonism, additivity
#   pairs: from_motifs     # or words: [[AUG, UAA], [UGUANA, UAUUUA]]
#   scrambles: 8           # scrambled copies of every site
#   output: {_quoted(outputs[0])}

seed: 7                    # the same config and seed give the same files
device: auto               # cuda, mps or cpu
"""


def _quoted(word: str) -> str:
    """Quote a word that YAML would read as something else."""
    plain = word.replace("_", "a").replace("-", "a").isalnum() and not word[0].isdigit()
    return word if plain and word not in ("null", "true", "false") else f"'{word}'"
