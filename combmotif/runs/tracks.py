"""What a run says of the tracks beside the bases, and of sequences that are not of the model's length."""

from __future__ import annotations

from combmotif.runs.context import Context


def track_warnings(context: Context) -> list[str]:
    """Say what the model was not shown: tracks that are zero, ends that its length rule leaves out."""
    spec, sequences = context.model.input_spec, context.sequences
    warnings = []
    extra = spec.channels - 4
    if extra and sequences.tracks is None:
        warnings.append(
            f"The model reads {extra} tracks beside the bases (coding frame, splice sites); the sequences have none, "
            f"so they are zero. Give the sequences an annotation (BED12, GTF or GFF3), or HDF5 with all channels."
        )
    if extra and context.config.sample.tracks == "zero":
        warnings.append(
            "Windows that are sampled for motifs have no place on a transcript: their tracks beside the bases are "
            "zero. sample.tracks gives them others."
        )
    if spec.rule == "pad_right" and spec.length is not None:
        longer = int((sequences.lengths > spec.length).sum())
        if longer:
            warnings.append(
                f"{longer:,} of {len(sequences):,} sequences are longer than the model's {spec.length:,} nt: "
                f"predictions see their last {spec.length:,} nt, activations and sites are of the whole sequence."
            )
    return warnings
