"""What an earlier run left in a folder, and what another config would take from it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from combmotif.config.run import RunConfig

_NO_RESULT = ("device", "report")


def read_record(folder: str | Path) -> dict[str, Any]:
    """Read a run folder's run.json.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If it is no JSON object.
    """
    folder = Path(folder)
    path = folder / "run.json"
    if not path.is_file():
        raise FileNotFoundError(f"{folder}: expected a run folder (with a run.json), as 'combmotif run' makes it")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise ValueError(f"{path}: expected the record of a run, found something else; run the config again")
    return record


def _show(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value) if isinstance(value, (list, dict)) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _differences(before: Any, after: Any, key: str) -> list[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        keys = dict.fromkeys([*before, *after])
        return [d for k in keys for d in _differences(before.get(k), after.get(k), f"{key}.{k}" if key else k)]
    return [] if before == after else [f"{key}: {_show(before)} there, {_show(after)} here"]


def replaced_results(config: RunConfig, folder: str | Path) -> list[str]:
    """Say in what a config differs from the one whose results a folder holds.

    A section that is new (``match``, ``contribution`` and the like) only adds results, and the device and the report
    change none, so they do not count.

    Parameters
    ----------
    config : RunConfig
    folder : path

    Returns
    -------
    list of str
        Such as ``neurons.select: 0-1 there, 0-3 here``; empty where a run would replace nothing.
    """
    try:
        record = read_record(folder)
    except (OSError, ValueError):
        return []
    stages = record.get("stages")
    done = isinstance(stages, dict) and any(isinstance(s, dict) and s.get("status") == "done" for s in stages.values())
    return differences(config, record) if done else []


def differences(config: RunConfig, record: Mapping[str, Any]) -> list[str]:
    """Say in what a config differs from that of a record, as `replaced_results` does."""
    before, after = record.get("config"), config.as_dict()
    if not isinstance(before, dict):
        return []
    with contextlib.suppress(ValueError):  # a config of an earlier version gets today's defaults
        before = type(config).model_validate(before).as_dict()
    optional = [key for key in after if key not in before]
    ignored = {*_NO_RESULT, *optional}
    return _differences(
        {k: v for k, v in before.items() if k not in ignored}, {k: v for k, v in after.items() if k not in ignored}, ""
    )


def refuse_replacing(config: RunConfig, folder: str | Path) -> None:
    """Refuse to run a config in a folder that holds the results of another.

    Raises
    ------
    ValueError
        Naming the first differences.
    """
    changed = replaced_results(config, folder)
    if changed:
        more = f", and {len(changed) - 3} more" if len(changed) > 3 else ""
        raise ValueError(
            f"--out {folder}: it holds the results of another config ({'; '.join(changed[:3])}{more}); choose another "
            f"folder, or say --replace (finished work that stays the same is used again)"
        )


def refuse_other_shares(config: RunConfig, folder: str | Path) -> None:
    """Refuse to do a share of a run whose other shares are of another config; see `refuse_replacing`.

    Raises
    ------
    ValueError
        Naming the share and the first differences.
    """
    for share in sorted(Path(folder).glob("shards/*-of-*")):
        try:
            changed = differences(config, read_record(share))
        except (OSError, ValueError):  # it has not begun
            continue
        if changed:
            raise ValueError(
                f"--out {folder}: its share {share.name} is of another config ({'; '.join(changed[:3])}), and none "
                f"would ever have the results of all; choose another folder, or remove {share.parent}"
            )
