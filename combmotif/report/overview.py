"""What was run: the model in words, and settings as text."""

from __future__ import annotations

import json
from typing import Any

from combmotif.report import wording
from combmotif.report.folder import RunFolder, mapping


def model_name(run: RunFolder) -> str:
    """What the model is called."""
    return str(mapping(run.record.get("model")).get("name") or "a network")


def _rows(value: object) -> list[dict[str, Any]]:
    return [mapping(row) for row in value] if isinstance(value, list) else []


def model_facts(run: RunFolder) -> list[tuple[str, str]]:
    """Say what the model is, predicts, was trained on, how good it is and what it is not for, as its card tells.

    Returns
    -------
    list of (label, text)
        Only what is known.
    """
    model = mapping(run.record.get("model"))
    card = mapping(model.get("description"))
    meanings = {row.get("name"): row for row in _rows(card.get("outputs"))}
    outputs = []
    for name in model.get("outputs") or []:
        row = mapping(meanings.get(name))
        unit = f" ({row['unit']})" if row.get("unit") else ""
        outputs.append(f"{name}{unit}" + (f": {row['meaning']}" if row.get("meaning") else ""))
    metrics = [
        f"{row.get('name')} {wording.number(row.get('value'))}" + (f" on {row['data']}" if row.get("data") else "")
        for row in _rows(card.get("metrics"))
    ]
    facts = [
        ("Name", model_name(run)),
        ("What it is", card.get("description")),
        ("Predicts", "; ".join(outputs)),
        ("Trained on", mapping(card.get("training")).get("data")),
        ("How good", "; ".join(metrics)),
        ("Limits", card.get("limits")),
        ("Parameters", wording.count(model["parameters"]) if wording.finite(model.get("parameters")) else ""),
        ("Fingerprint", model.get("fingerprint")),
    ]
    return [(label, str(text).strip()) for label, text in facts if text]


def how_found(run: RunFolder) -> dict[str, Any]:
    """How the motifs of this run were found, for the section on methods."""
    discover = mapping(run.config.get("discover"))
    method = str(discover.get("method") or "neuronmotif")
    preset = discover.get("preset")
    given = discover.get("from") == "dataset" or (method == "modisco" and discover.get("from") != "samples")
    by = mapping(run.config.get("attribution")).get("method") or "integrated_gradients"
    return {
        "found_by": method if method != "neuronmotif" else "layers" if preset else discover.get("demixing", "layers"),
        "preset": preset,
        "from_sequences": given,
        "explained_output": given and method == "modisco",
        "attributed_by": str(by).replace("_", " "),
        "settings_of_discover": discover,
        "halved": any(run.tables[name]["reproducibility"].notna().any() for name in ("motifs", "apart")),
        "faithful": run.tables["neurons"]["r2"].notna().any(),
    }


def as_lines(value: object) -> str:
    """Write nested settings as indented lines, in the manner of YAML."""
    return "\n".join(_lines(value))


def _lines(value: object, depth: int = 0) -> list[str]:
    """Write nested settings as indented lines, in the manner of YAML."""
    pad = "  " * depth
    if isinstance(value, dict):
        lines = []
        for key, inner in value.items():
            if isinstance(inner, dict | list) and inner and not _short(inner):
                lines += [f"{pad}{key}:", *_lines(inner, depth + 1)]
            else:
                lines.append(f"{pad}{key}: {_plain(inner)}")
        return lines
    if isinstance(value, list):
        return [line for inner in value for line in ([f"{pad}- {_plain(inner)}"])]
    return [pad + _plain(value)]


def _short(value: object) -> bool:
    return isinstance(value, list) and all(not isinstance(v, dict | list) for v in value) and len(str(value)) < 80


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
