"""BODACC: bulletins in XML, as DILA keeps them, and files built to harm."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from data.sources import bodacc, bodacc_xml
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.sample import sample_of
from data.sources.xml_records import root_of
from tests.data.bodacc_files import A, B, C, check, spaced

PERSON = "<personnePhysique><nom>PERSONNE</nom><prenom>Inventée</prenom></personnePhysique>"


def number(siren: str) -> str:
    return (
        f"<numeroImmatriculation><numeroIdentificationRCS>{spaced(siren)}</numeroIdentificationRCS>"
        "<codeRCS>RCS</codeRCS><nomGreffeImmat>Ville</nomGreffeImmat></numeroImmatriculation>"
    )


def judged(nature: str, *, text: str = "", family: str = "Jugement d'ouverture") -> str:
    return (
        f"<jugement><famille>{family}</famille><nature>{nature}</nature>"
        f"<date>4 février 2021</date><complementJugement>{text}</complementJugement></jugement>"
    )


def announced(at: int, *inside: str, kind: str = "annonce", record: str = "annonce") -> str:
    return (
        f"<{record}><typeAnnonce><{kind}/></typeAnnonce><nojo>0000{at}</nojo>"
        f"<numeroAnnonce>{at:04d}</numeroAnnonce><numeroDepartement>00</numeroDepartement>"
        f"<tribunal>TRIBUNAL JUDICIAIRE\nDE VILLE</tribunal>{''.join(inside)}</{record}>"
    )


def earlier(at: int, bulletin: str = "BODACC A") -> str:
    return (
        f"<parutionAvisPrecedent><nomPublication>{bulletin}</nomPublication><numeroParution>"
        f"20210020</numeroParution><dateParution>29 janvier 2021</dateParution><numeroAnnonce>"
        f"{at}</numeroAnnonce></parutionAvisPrecedent>"
    )


def bulletin(root: str, *records: str, holder: str = "annonces", prolog: str = "") -> bytes:
    text = (
        f'<?xml version="1.0" encoding="ISO-8859-1"?>{prolog}\n'
        f'<{root} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:noNamespaceSchemaLocation="x.xsd"><parution>20210030</parution>'
        f"<dateParution>2021-02-12</dateParution><{holder}>{''.join(records)}</{holder}></{root}>"
    )
    return text.encode("iso-8859-1")


def read(tmp_path: Path, raw: bytes) -> Parsed:
    path = tmp_path / "bulletin.xml"
    path.write_bytes(raw)
    return check(bodacc.read(path, ReadOptions()))


def test_collective_proceedings(tmp_path: Path) -> None:
    raw = bulletin(
        "PCL_REDIFF",
        announced(
            1,
            "<identifiantClient>1</identifiantClient><personneMorale><denomination>LA RUCHE"
            "</denomination></personneMorale>",
            number(A),
            judged("Jugement d'ouverture de liquidation judiciaire"),
        ),
        announced(
            2,
            PERSON,
            "<nonInscrit/>",
            judged("Jugement d'ouverture de liquidation judiciaire"),
        ),
        announced(
            3,
            number(A),
            number(B),
            judged(
                "Autre jugement et ordonnance",
                family="Extrait de jugement",
                text="Ouvre la procédure de redressement",
            ),
        ),
        announced(
            4,
            number(C),
            judged("Jugement de clôture pour insuffisance d'actif"),
            earlier(12),
            kind="rectificatif",
        ),
        announced(
            5,
            number(C),
            judged("x").replace("jugement>", "jugementAnnule>"),
            earlier(13),
            kind="annulation",
        ),
        announced(6, number(C), judged("Dépôt de l'état des créances", family="Avis de dépôt")),
    )
    parsed = read(tmp_path, raw)
    events = parsed.tables["events"]
    assert events.select("siren", "kind", "occurred_on", "notice_id", "source_row").rows() == [
        (A, "liquidation", date(2021, 2, 4), "A202100301", 1),
        (A, "receivership", date(2021, 2, 4), "A202100303", 3),
        (B, "receivership", date(2021, 2, 4), "A202100303", 3),
        (C, "closure", date(2021, 2, 4), "A202100304", 4),
    ]
    assert events["known_on"].unique().to_list() == [date(2021, 2, 12)]
    assert parsed.tables["retractions"].select("notice_id", "source_row").rows() == [
        ("A2021002012", 4),
        ("A2021002013", 5),
    ]
    assert parsed.rejects.select("source_row", "reason").rows() == [
        (2, "no_identifier"),
        (6, "out_of_scope"),
    ]


def test_no_name_of_a_person_is_read(tmp_path: Path) -> None:
    raw = bulletin(
        "PCL_REDIFF",
        announced(1, PERSON, number(A), judged("Jugement d'interdiction de gérer")),
        announced(2, PERSON, number(A), judged("Jugement d'ouverture de liquidation judiciaire")),
    )
    parsed = read(tmp_path, raw)
    shown = str([*(table.rows() for table in parsed.tables.values()), parsed.rejects.rows()])
    assert "PERSONNE" not in shown
    assert "Inventée" not in shown


def party(siren: str) -> str:
    return (
        "<personnes><personne><personneMorale><denomination>LE PONT</denomination>"
        f"</personneMorale>{number(siren)}</personne></personnes>"
    )


@pytest.mark.parametrize("root", ["RCS_B_REDIFF", "RCS-B_REDIFF"])
def test_changes_and_removals(tmp_path: Path, root: str) -> None:
    ended = "<radiationAuRCS><radiationPM>O</radiationPM></radiationAuRCS>"
    merged = (
        "<radiationAuRCS><radiationPM>O</radiationPM><commentaire>Radiation suite à fusion"
        "</commentaire></radiationAuRCS>"
    )
    person = (
        "<radiationAuRCS><radiationPP><dateCessationActivitePP>31 janvier 2021"
        "</dateCessationActivitePP></radiationPP></radiationAuRCS>"
    )
    changed = (
        "<modificationsGenerales><descriptif>{}</descriptif><precedentExploitantPM>"
        f"{number(A)}</precedentExploitantPM></modificationsGenerales>"
    )
    records = [
        party(A) + ended,
        party(B) + merged,
        party(C) + person,
        party(C) + changed.format("Dissolution anticipée de la société"),
        party(C) + changed.format("Transfert du siège social"),
    ]
    raw = bulletin(
        root,
        *(announced(at, record, record="avis") for at, record in enumerate(records, 1)),
        announced(6, party(B), earlier(3, "BODACC B"), kind="annulation", record="avis"),
        holder="listeAvis",
    )
    parsed = read(tmp_path, raw)
    assert parsed.tables["events"].select("siren", "kind", "occurred_on", "notice_id").rows() == [
        (A, "cessation", date(2021, 2, 12), "B202100301"),
        (B, "merger", date(2021, 2, 12), "B202100302"),
        (C, "cessation", date(2021, 1, 31), "B202100303"),
        (C, "dissolution", date(2021, 2, 12), "B202100304"),
    ]
    assert parsed.tables["retractions"]["notice_id"].to_list() == ["B202100203"]
    assert parsed.rejects.select("source_row", "reason").rows() == [(5, "out_of_scope")]


def test_sales_and_registrations_are_no_events(tmp_path: Path) -> None:
    act = "<acte><vente><categorieVente>Vente de fonds</categorieVente></vente></acte>"
    raw = bulletin("RCS-A_IMMAT", announced(1, party(A), act, record="avis"), holder="listeAvis")
    parsed = read(tmp_path, raw)
    assert parsed.rejects["reason"].to_list() == ["out_of_scope"]


def test_an_empty_bulletin(tmp_path: Path) -> None:
    parsed = read(tmp_path, bulletin("PCL_REDIFF"))
    assert (parsed.rows_in, parsed.rejects.height) == (0, 0)


def test_a_long_bulletin_comes_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodacc_xml, "_NOTICES_AT_ONCE", 3)
    one = judged("Jugement d'ouverture de liquidation judiciaire")
    path = tmp_path / "bulletin.xml"
    path.write_bytes(bulletin("PCL_REDIFF", *(announced(n, number(A), one) for n in range(1, 8))))
    pieces = list(bodacc.parts(path, ReadOptions()))
    assert [piece.rows_in for piece in pieces] == [3, 3, 1]
    assert check(bodacc.read(path, ReadOptions())).tables["events"].height == 7


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        "<!DOCTYPE x [<!ELEMENT x ANY>]>",
    ],
)
def test_a_file_that_declares_entities_is_refused(tmp_path: Path, prolog: str) -> None:
    raw = bulletin("PCL_REDIFF", announced(1, number(A), judged("&b;")), prolog=prolog)
    with pytest.raises(SourceError) as error:
        read(tmp_path, raw)
    assert "DOCTYPE" in str(error.value.received)


def test_a_document_type_that_declares_nothing_is_read(tmp_path: Path) -> None:
    one = announced(1, number(A), judged("Jugement d'ouverture de liquidation judiciaire"))
    prolog = '<!DOCTYPE PCL_REDIFF SYSTEM "pcl.dtd">'
    parsed = read(tmp_path, bulletin("PCL_REDIFF", one, prolog=prolog))
    assert parsed.tables["events"]["siren"].to_list() == [A]


@pytest.mark.parametrize(
    "raw",
    [
        bulletin("PCL_REDIFF", announced(1, number(A)))[:-40],
        bulletin("PCL_REDIFF", announced(1, number(A), "<x>" * 200 + "</x>" * 200)),
        bulletin("PCL_REDIFF", announced(1, "&inconnue;")),
        bulletin("PCL_REDIFF").replace(b"ISO-8859-1", b"inconnu-7"),
        bulletin("PCL_REDIFF", announced(1, "é")).replace(b"ISO-8859-1", b"UTF-8"),
        bulletin("AUTRE_CHOSE", announced(1, number(A))),
        b"<",
    ],
    ids=["cut", "deep", "entity", "encoding", "wrong encoding", "root", "nothing"],
)
def test_a_damaged_bulletin_is_refused(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(SourceError):
        read(tmp_path, raw)


def test_bulletins_are_recognised(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for root in ("PCL_REDIFF", "RCS-A_IMMAT", "RCS_B_REDIFF"):
        path.write_bytes(bulletin(root))
        assert bodacc.sniff(sample_of(path)) == CERTAIN
    path.write_bytes(bulletin("AUTRE_CHOSE"))
    assert bodacc.sniff(sample_of(path)) == NO


def test_the_root_of_a_text() -> None:
    assert root_of('<?xml version="1.0"?><!-- <non/> --><!DOCTYPE a><ns:oui b="1">') == "oui"
    assert root_of("rien") == ""
