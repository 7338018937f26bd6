"""Public motif databases that do not come with the package: where they are, their checksums and licences."""

from combmotif.download import Published

_RSAT = "https://raw.githubusercontent.com/rsa-tools/motif_databases/dfc2555cef693d399a1d08d89fb0304719646e19"

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
}
