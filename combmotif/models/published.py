"""Published weights that do not come with the package."""

from combmotif.core.download import Published

PUBLISHED_WEIGHTS = {
    "hal": Published(
        name="hal",
        file="HAL_mer_scores.npz",
        urls=(
            "https://zenodo.org/record/1466088/files/HAL_mer_scores.npz?download=1",
            "https://raw.githubusercontent.com/kipoi/models/d1a74cb003916b3efb0c8bca1dce41e4b52a8ec3/HAL/model_files/"
            "HAL_mer_scores.npz",
        ),
        md5="4db740f6b72345db5303c106ed6aad61",
        size=262_344,
        licence="MIT (kipoi/models)",
        citation="Rosenberg et al., Cell 2015, 163:698-711, doi 10.1016/j.cell.2015.09.054",
        description="hexamer scores of HAL (alternative splicing)",
    )
}
