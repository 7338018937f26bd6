"""Public motif databases that do not come with the package: where they are, their checksums and licences.

Where no checksum is given none is published for the file, and it could change: `fetch` then keeps
the one of what came first.
"""

from pathlib import Path
from typing import NamedTuple

from combmotif.core.download import Published, cache_folder

_RAW = "https://raw.githubusercontent.com/rsa-tools/motif_databases"
_RSAT = f"{_RAW}/dfc2555cef693d399a1d08d89fb0304719646e19"

PUBLISHED_DATABASES = {
    "attract": Published(
        name="attract",
        file="ATtRACT_2017_12.tf",
        urls=(f"{_RSAT}/ATtRACT/ATtRACT_2017_12.tf",),
        md5="decc0521a96775aa6ad02e5039db710d",
        size=790_028,
        licence="CC BY 4.0",
        citation="Giudice et al., Database 2016, baw035, doi 10.1093/database/baw035",
        description="ATtRACT of December 2017 (RSAT): 1,322 matrices of RNA-binding proteins, all species",
    ),
    "rbpdb": Published(
        name="rbpdb",
        file="RBPDB_2017_12.tf",
        urls=(f"{_RSAT}/RBPDB/RBPDB_2017_12.tf",),
        md5="fc21ea559187d4dfe2a827b444cbd7fb",
        size=42_833,
        licence="open access, no further terms stated; ask its authors before you redistribute it",
        citation="Cook et al., Nucleic Acids Res 2011, 39:D301-D308, doi 10.1093/nar/gkq1069",
        description="RBPDB (RSAT): 71 matrices of RNA-binding proteins",
    ),
    "ray2013": Published(
        name="ray2013",
        file="Ray2013_rbp_Homo_sapiens.dna_encoded.meme",
        urls=(
            "https://raw.githubusercontent.com/mogam-ai/DuET/860e6b7f895b7e98671c997a95cb5fd44b7a1b3b/misc/"
            "Ray2013_rbp_Homo_sapiens.dna_encoded.meme",
        ),
        md5="0416a6709d7bcef19bcb28a6f65c6bc0",
        size=49_174,
        licence="not stated by its authors; use it, do not redistribute it",
        citation="Ray et al., Nature 2013, 499:172-177, doi 10.1038/nature12311",
        description="RNAcompete matrices of human RNA-binding proteins: 102, as the MEME Suite gives them",
    ),
    "catrapid": Published(  # github.com/michauhl/RBPBench; its rbp_motif2name_ids.1.txt names the experiments
        name="catrapid",
        file="catRAPID_omics_v2.1_6plus_motifs.weak_rounded.ext.meme",
        urls=(
            "https://raw.githubusercontent.com/michauhl/RBPBench/5102beb3014a866370406f6fdf225352f19d74e2/rbpbench/"
            "content/catRAPID_omics_v2.1_6plus_motifs.weak_rounded.ext.meme",
        ),
        md5="9ce453b1973d3037da80de2951a8ec7d",
        size=244_633,
        licence="MIT (RBPBench, which collects it)",
        citation="Armaos et al., Nucleic Acids Res 2021, 49:W72-W79 (catRAPID omics v2.0)",
        description="catRAPID omics v2.1 (RBPBench): 598 matrices of human RNA-binding proteins, with eCLIP and RBNS",
    ),
    "attract-zip": Published(  # attract.cnic.es offers the whole database under this address
        name="attract-zip",
        file="ATtRACT.zip",
        urls=("https://attract.cnic.es/attract/static/ATtRACT.zip",),
        licence="CC BY 4.0",
        citation="Giudice et al., Database 2016, baw035, doi 10.1093/database/baw035",
        description="ATtRACT as its authors offer it, with the species of every matrix (--species Homo_sapiens)",
    ),
    "cisbp-rna": Published(  # kept in the repository by Git LFS, whose pointer names size and SHA-256
        name="cisbp-rna",
        file="CISBP-RNA_2017_12.tf",
        urls=(
            "https://github.com/rsa-tools/motif_databases/raw/b7e7af8f28a8093667a9aecd53a7de2f8f981d37/CISBP-RNA/"
            "CISBP-RNA_2017_12.tf",
        ),
        sha256="a5b5b1ad8783a58597b753ecbd9e7f6c79c5ce40e262402e841f593f1a29f0b0",
        size=7_364_356,
        licence="not stated by its authors; use it, do not redistribute it",
        citation="Ray et al., Nature 2013, 499:172-177, doi 10.1038/nature12311",
        description="CISBP-RNA of December 2017 (RSAT): matrices of RNA-binding proteins, all species",
    ),
    "cisbp-rna-human": Published(  # a download of CISBP-RNA's own page, kept on GitHub
        name="cisbp-rna-human",
        file="CISBP-RNA_Homo_sapiens_2022_06_30.zip",
        urls=("https://codeload.github.com/caleblareau/cisbp-rnamotifs/zip/3089cbfd9d234885e0ccf97acc631f3c8c5860f1",),
        licence="not stated by its authors; use it, do not redistribute it",
        citation="Ray et al., Nature 2013, 499:172-177, doi 10.1038/nature12311",
        description="CISBP-RNA build 0.6 as its page offers it for human proteins, with the evidence of every matrix",
    ),
    "mirbase": Published(  # www.mirbase.org/download; its LICENSE: "miRBase is in the public domain"
        name="mirbase",
        file="mature.fa",
        urls=("https://www.mirbase.org/download/mature.fa", "https://mirbase.org/download/mature.fa"),
        licence="public domain",
        citation="Kozomara et al., Nucleic Acids Res 2019, 47:D155-D162, doi 10.1093/nar/gky1141",
        description="mature microRNAs of all species, for their target sites (--species hsa)",
    ),
    "jaspar": Published(  # jaspar.elixir.no/docs: "the data can be used without restrictions"
        name="jaspar",
        file="JASPAR2024_CORE_vertebrates_non-redundant_pfms_meme.txt",
        urls=(
            "https://jaspar.elixir.no/download/data/2024/CORE/JASPAR2024_CORE_vertebrates_non-redundant_pfms_meme.txt",
        ),
        licence="open access, to be used without restrictions",
        citation="Rauluseviciute et al., Nucleic Acids Res 2024, 52:D174-D182, doi 10.1093/nar/gkad1059",
        description="JASPAR 2024 CORE: transcription factors of vertebrates, for DNA (--strands both)",
    ),
    "hocomoco": Published(  # HOCOMOCO/LICENSE.txt of the same commit
        name="hocomoco",
        file="HOCOMOCO_2023-09.tf",
        urls=(f"{_RAW}/632f6c76e804eafa798a18dc8c39fb52e35b4828/HOCOMOCO/HOCOMOCO_2023-09.tf",),
        licence="WTFPL, or CC BY if you prefer",
        citation="Vorontsov et al., Nucleic Acids Res 2024, 52:D154-D163, doi 10.1093/nar/gkad1077",
        description="HOCOMOCO v12 CORE (RSAT): human and mouse transcription factors, for DNA (--strands both)",
    ),
}


class Collection(NamedTuple):
    """Several published databases that are read as one.

    Attributes
    ----------
    name, description : str
    sources : tuple of str
        Names of `PUBLISHED_DATABASES`, in the order in which a matrix that several hold is taken.
    """

    name: str
    description: str
    sources: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Where the collection lies once it was fetched."""
        return cache_folder() / self.name / f"{self.name}.json"


COLLECTIONS = {
    "rbp": Collection(
        "rbp",
        "RNA-binding proteins and microRNAs of one species (ATtRACT, CISBP-RNA, miRBase), without repeats",
        ("attract-zip", "cisbp-rna-human", "mirbase"),
    )
}
"""What ``combmotif fetch`` makes of several databases."""
