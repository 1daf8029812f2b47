"""The scenario document: what is read, and what is refused with its place."""

from __future__ import annotations

import json

import pytest

from serving.cell.scenarios.document import ScenarioError, read_scenario

WHOLE = {"name": "x", "cuts": [{"funder": "etat", "percent": 3}]}


def test_toml_and_json_say_the_same() -> None:
    toml = b'name = "x"\n[[cuts]]\nfunder = "etat"\npercent = 3\n'
    assert read_scenario(toml, toml=True) == read_scenario(json.dumps(WHOLE).encode())


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        ({"nom": "x"}, "unknown-key", "corps, nom"),
        ({"cuts": [{"percent": 3}]}, "bad-scenario", "corps, cuts.0"),
        ({"cuts": [{"funder": "etat"}]}, "bad-scenario", "corps, cuts.0"),
        (
            {"cuts": [{"funder": "etat", "percent": 3, "amount_eur": 1}]},
            "bad-scenario",
            "corps, cuts.0",
        ),
        ({"cuts": [{"funder": "etat", "percent": 101}]}, "bad-scenario", "corps, cuts.0.percent"),
        ({"measures": [{"kind": "don"}]}, "bad-scenario", "corps, measures.0.kind"),
        ({"measures": [{"kind": "advance", "x": 1}]}, "unknown-key", "corps, measures.0.x"),
        ({"delays": [{"funder": "etat", "days": -1}]}, "bad-scenario", "corps, delays.0.days"),
    ],
)
def test_what_is_refused_says_where(change: dict[str, object], code: str, where: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        read_scenario(json.dumps(WHOLE | change).encode())
    assert refused.value.code == code
    assert refused.value.where == where
    assert refused.value.expected


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ScenarioError) as refused:
        read_scenario(body)
    assert refused.value.code == "scenario-unreadable"
