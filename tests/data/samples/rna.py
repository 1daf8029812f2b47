"""Small exports of the register of associations: the current one, and that of before 2009."""

from __future__ import annotations

from pathlib import Path

from stdnum import luhn

_WALDEC = (
    "id;id_ex;siret;rup_mi;gestion;date_creat;date_decla;date_publi;date_disso;nature;groupement;"
    "titre;titre_court;objet;objet_social1;objet_social2;adrs_codeinsee;adrs_codepostal;"
    "adrs_libcommune;dir_civilite;position;maj_time\n"
)
_IMPORT = (
    "id;id_ex;siret;gestion;date_creat;date_publi;nature;groupement;titre;objet;objet_social1;"
    "objet_social2;adr1;adr2;adr3;adrs_codepostal;libcom;adrs_codeinsee;dir_civilite;siteweb;"
    "observation;position;rup_mi;maj_time\n"
)


def _siret(number: int) -> str:
    start = f"990{number:05d}"
    start += luhn.calc_check_digit(start) + "0001"
    return start + luhn.calc_check_digit(start)


def make(folder: Path) -> list[Path]:
    """Write the samples into `folder`."""
    current = folder / "rna_waldec_dpt_59.csv"
    current.write_text(
        _WALDEC
        + "".join(
            f'"W59{at:07d}";"";"{_siret(at) if at % 3 == 0 else ""}";"";"591P";'
            f'"1998-05-{at + 1:02d}";"2018-01-02";"1998-06-01";'
            f'"{"2020-06-30" if at % 4 == 1 else "0001-01-01"}";"D";"S";'
            f'"LE NUAGE";"";"fêter ; et ""chanter""\nensemble";"006000";"";"59350";"59000";"Lille";'
            f'"MM";"{"ADAS"[at % 4]}";"2021-01-{at + 1:02d} 14:26:06"\n'
            for at in range(16)
        ),
        encoding="utf-8",
    )
    former = folder / "rna_import_dpt_01.csv"
    former.write_text(
        _IMPORT
        + "".join(
            f"011S012345{at};012345{at};{_siret(at) if at % 2 else ''};011S;0001-01-01;"
            f"0001-01-01;D;S;LA RUCHE DORÉE;jardiner à l'été;024000;;;;;"
            f"01000;BOURG;01053;MR;;;A;;2008-07-1{at}\n"
            for at in range(10)
        ),
        encoding="latin-1",
    )
    return [current, former]
