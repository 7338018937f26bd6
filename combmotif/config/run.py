"""The YAML file of ``combmotif run``, typed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from combmotif.config.effects import ContributionSection, InteractionSection, MarginalOptions
from combmotif.config.inputs import ModelSection, NeuronsSection, SequencesSection
from combmotif.config.stages import (
    AttributionSection,
    DiscoverSection,
    MatchSection,
    ReportSection,
    SampleSection,
    SitesSection,
)
from combmotif.core.typed_yaml import Section, Seed

Device = Literal["auto", "cpu", "cuda", "mps"]


class RunConfig(Section):
    """One question to one model.

    ``match``, ``contribution``, ``effects`` and ``interaction`` are asked for by being there (``match: {}`` takes the
    defaults); ``sample``, ``discover``, ``sites`` and ``report`` are always done.
    """

    model: ModelSection = Field(description="the trained model: card: NAME, or kind: python with a factory")
    sequences: SequencesSection = Field(description="sequences the neurons and effects are measured on")
    neurons: NeuronsSection | None = Field(
        None,
        description="layer and neurons to interpret; default none: what needs no neurons is done, such as TF-MoDISco "
        "of an output and the interaction of given k-mers",
    )
    sample: SampleSection = Field(default_factory=SampleSection, description="how exciting sequences are found")
    attribution: AttributionSection | None = Field(
        None, description="how bases are scored for discover.method: modisco; default its defaults"
    )
    discover: DiscoverSection = Field(default_factory=DiscoverSection, description="how motifs are separated")
    match: MatchSection | None = Field(None, description="match motifs to known elements; default none")
    contribution: ContributionSection | None = Field(None, description="effect of neurons; default none")
    effects: MarginalOptions | None = Field(None, description="effect of motifs; default none")
    interaction: InteractionSection | None = Field(None, description="effect of motif pairs; default none")
    sites: SitesSection = Field(default_factory=SitesSection, description="windows written down as sites of neurons")
    report: ReportSection = Field(default_factory=ReportSection, description="the HTML report")
    device: Device = Field("auto", description="auto, cpu, cuda or mps; default auto (cuda, then mps, then cpu)")
    seed: Seed = Field(0, ge=0, lt=2**63, description="of every random choice")

    @model_validator(mode="before")
    @classmethod
    def _not_bare(cls, data: Any) -> Any:
        for key in ("attribution", "match", "contribution", "effects", "interaction"):
            if isinstance(data, dict) and key in data and data[key] is None:
                raise ValueError(f"{key}: is empty; write '{key}: {{}}' for the defaults, or leave the line out")
        return data

    @model_validator(mode="after")
    def _attribution_is_used(self) -> RunConfig:
        if self.attribution is not None and self.discover.method != "modisco":
            raise ValueError(
                f"attribution: is read by discover.method: modisco alone, found discover.method: "
                f"{self.discover.method}; leave the section out (combmotif attribute writes attributions by themselves)"
            )
        return self

    @model_validator(mode="after")
    def _neurons_are_there(self) -> RunConfig:
        if self.neurons is None and self.contribution is not None:
            raise ValueError(
                "contribution: measures neurons, and there is no 'neurons' section; add one, or leave it out"
            )
        if self.neurons is None and self.interaction is not None and self.interaction.instances == "neurons":
            raise ValueError(
                "interaction.instances: 'neurons' looks for windows in which neurons fire, and there is no 'neurons' "
                "section; add one, or choose other instances"
            )
        return self

    @model_validator(mode="after")
    def _labels_are_there(self) -> RunConfig:
        outcome = self.contribution.outcome if self.contribution else "prediction"
        if outcome != "prediction" and not getattr(self.sequences, "label", None):
            raise ValueError(
                f"contribution.outcome: '{outcome}' needs measured values, and 'sequences' has none; add "
                f"'label: COLUMN' to a sequences section of kind table or hdf5, or write 'outcome: prediction'"
            )
        return self

    @property
    def site_threshold(self) -> float:
        """Share of its maximum from which a neuron's window is written down as a site."""
        return (self.contribution or ContributionSection()).threshold

    @property
    def scan_threshold(self) -> float:
        """Share of its maximum from which the scan keeps a neuron's windows: for sites and for interactions."""
        asked = self.interaction is not None and self.interaction.instances == "neurons"
        return min(self.site_threshold, self.interaction.fires) if asked and self.interaction else self.site_threshold

    def as_dict(self) -> dict[str, Any]:
        """Return plain data that reads back to the same config; stages that are not asked for are left out."""
        return self.model_dump(mode="json", exclude_none=True, by_alias=True)
