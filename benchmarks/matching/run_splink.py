"""Splink 5 on DuckDB, tuned by hand: term frequencies, several training blocks, salted nothing, its own clustering."""

from __future__ import annotations

import logging

import pandas as pd
import splink
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from peer import Job
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

USED = frozenset(
    ["given_name", "first_name", "family_name", "surname", "full_name", "email", "phone", "birth_date", "date_of_birth",
     "dob", "company_name", "street", "street_number", "address_1", "address_2", "address", "suburb", "state",
     "postcode", "postal_code", "zip", "city", "site_name", "name", "website", "registration_id", "soc_sec_id",
     "source"]
)  # fmt: skip
"""Columns of any of the files that it is told to look at; the others need not be read and cleaned."""

DEFAULT = 0.95
"""The threshold that Splink's tutorials cluster at."""


def exact(name: str, *, frequency: bool = False) -> object:
    found = cl.ExactMatch(name)
    return found.configure(term_frequency_adjustments=True) if frequency else found


def near(name: str, *at: float, frequency: bool = True) -> object:
    found = cl.JaroWinklerAtThresholds(name, list(at))
    return found.configure(term_frequency_adjustments=True) if frequency else found


def place() -> cl.CustomComparison:
    """Street, postcode and city are one cause: one comparison, so that it counts once."""
    return cl.CustomComparison(
        output_column_name="place",
        comparison_levels=[
            cll.CustomLevel(
                "street_l IS NULL AND postal_code_l IS NULL OR street_r IS NULL AND postal_code_r IS NULL", "missing"
            ).configure(is_null_level=True),
            cll.And(cll.ExactMatchLevel("street"), cll.ExactMatchLevel("postal_code")),
            cll.And(cll.JaroWinklerLevel("street", 0.88), cll.ExactMatchLevel("postal_code")),
            cll.ExactMatchLevel("street"),
            cll.ExactMatchLevel("postal_code"),
            cll.ExactMatchLevel("city"),
            cll.ElseLevel(),
        ],
    )


def contacts() -> tuple[list, list, list, list]:
    comparisons = [
        cl.JaroWinklerAtThresholds("given_name", [0.92, 0.88, 0.7]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("family_name", [0.92, 0.88]).configure(term_frequency_adjustments=True),
        cl.EmailComparison("email"),
        cl.LevenshteinAtThresholds("phone", [1]).configure(term_frequency_adjustments=True),
        cl.DateOfBirthComparison("birth_date", input_is_string=True),
        near("company_name", 0.9, frequency=False),
        place(),
    ]
    rules = [
        block_on("email"), block_on("phone"), block_on("given_name", "family_name"),
        block_on("family_name", "postal_code"),
        block_on("given_name", "postal_code"), block_on("street", "family_name"), block_on("street", "given_name"),
        block_on("birth_date", "family_name"), block_on("birth_date", "given_name"),
        block_on("company_name", "family_name"), block_on("company_name", "given_name"),
        block_on("birth_date", "postal_code"), block_on("local_part", "city"),
        block_on("substr(family_name,1,4)", "substr(given_name,1,3)", "city"),
    ]  # fmt: skip
    training = [block_on("given_name", "family_name"), block_on("email"), block_on("phone"), block_on("birth_date")]
    sure = [block_on("email", "family_name"), block_on("given_name", "family_name", "birth_date")]
    return comparisons, rules, training, sure


def febrl(names: set[str]) -> tuple[list, list, list, list]:
    comparisons = [
        cl.ForenameSurnameComparison("given_name", "surname", forename_surname_concat_col_name="full_name").configure(
            term_frequency_adjustments=True
        ),
        cl.DateOfBirthComparison("date_of_birth", input_is_string=True, invalid_dates_as_null=False),
        near("address_1", 0.95, 0.88), near("address_2", 0.95, 0.88), near("suburb", 0.92),
        cl.LevenshteinAtThresholds("postcode", [1]).configure(term_frequency_adjustments=True),
        exact("street_number"), exact("state"),
    ]  # fmt: skip
    rules = [
        block_on("given_name", "surname"), block_on("date_of_birth"), block_on("surname", "postcode"),
        block_on("given_name", "postcode"), block_on("address_1"), block_on("surname", "suburb"),
        block_on("given_name", "suburb"), block_on("street_number", "postcode"), block_on("state", "address_2"),
    ]  # fmt: skip
    sure = [block_on("given_name", "surname", "date_of_birth")]
    if "soc_sec_id" in names:
        comparisons.append(cl.LevenshteinAtThresholds("soc_sec_id", [1, 2]))
        rules.insert(0, block_on("soc_sec_id"))
        sure.append(block_on("soc_sec_id"))
    return (
        comparisons,
        rules,
        [block_on("date_of_birth"), block_on("postcode", "surname"), block_on("given_name")],
        sure,
    )


def fake() -> tuple[list, list, list, list]:
    comparisons = [
        cl.ForenameSurnameComparison("first_name", "surname", forename_surname_concat_col_name="full_name").configure(
            term_frequency_adjustments=True
        ),
        cl.DateOfBirthComparison("dob", input_is_string=True), near("city", 0.9), cl.EmailComparison("email"),
    ]  # fmt: skip
    rules = [
        block_on("first_name"), block_on("surname"), block_on("dob"), block_on("email"),
        block_on("city", "substr(dob,1,4)"),
    ]  # fmt: skip
    return comparisons, rules, [block_on("dob"), block_on("email"), block_on("surname")], [
        block_on("first_name", "surname", "dob"), block_on("email"),
    ]  # fmt: skip


def sites(name: str, street: str, postcode: str, phone: str, names: set[str]) -> tuple[list, list, list, list]:
    quoted = {key: f'"{key}"' if " " in key else key for key in (name, street, postcode, phone)}
    comparisons = [
        cl.JaroWinklerAtThresholds(name, [0.95, 0.88, 0.75]).configure(term_frequency_adjustments=True),
        near(street, 0.95, 0.88), exact(postcode, frequency=True),
        cl.LevenshteinAtThresholds(phone, [1]).configure(term_frequency_adjustments=True),
    ]  # fmt: skip
    rules = [
        block_on(quoted[name]), block_on(quoted[street]), block_on(quoted[phone]),
        block_on(f"substr({quoted[name]},1,5)", quoted[postcode]), block_on(f"substr({quoted[street]},1,6)"),
    ]  # fmt: skip
    if "registration_id" in names:
        comparisons += [exact("website", frequency=True), exact("city", frequency=True)]
        rules += [block_on("website"), block_on("registration_id")]
        comparisons.append(exact("registration_id", frequency=True))
    return comparisons, rules, [block_on(quoted[street]), block_on(quoted[phone]), block_on(quoted[name])], [
        block_on(quoted[name], quoted[phone])
    ]  # fmt: skip


def main() -> None:
    logging.getLogger("splink").setLevel(logging.ERROR)
    job = Job()
    table = pd.DataFrame(job.columns(USED), dtype=object)
    table["unique_id"] = range(len(table))
    names = set(table.columns)
    kind = job.kind
    if "email" in names:
        table["local_part"] = table["email"].str.partition("@")[0]
    given = next((one for one in ("given_name", "first_name") if one in names), None)
    family = next((one for one in ("family_name", "surname") if one in names), None)
    if given and family:
        table["full_name"] = table[given].where(table[family].notna()) + " " + table[family]
    table = table.where(table.notna(), None)
    if kind == "contacts":
        made = contacts()
    elif kind == "febrl":
        made = febrl(names)
    elif kind == "fake":
        made = fake()
    elif kind == "chicago":
        made = sites("site_name", "address", "zip", "phone", names)
    else:
        made = sites("name", "street", "postal_code", "phone", names)
    comparisons, rules, training, sure = made
    linking = "source" in names and kind == "febrl"
    settings = SettingsCreator(
        link_type="link_only" if linking else "dedupe_only",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules,
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
    if linking:
        sides = sorted(set(table["source"]))
        parts = [table[table["source"] == side].drop(columns="source").reset_index(drop=True) for side in sides]
        api = DuckDBAPI()
        linker = Linker([api.register(part, table_name=f"side_{k}") for k, part in enumerate(parts)], settings)
    else:
        linker = Linker(DuckDBAPI().register(table, table_name="people"), settings)
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in training:
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        except Exception as error:  # noqa: BLE001  # one training block too few is no reason to give up
            print("training", rule, type(error).__name__)
    predicted = linker.inference.predict(threshold_match_probability=0.01)
    pairs = predicted.as_pandas_dataframe()[["unique_id_l", "unique_id_r", "match_probability"]]
    left, right, score = (pairs[name].to_numpy() for name in pairs)
    if linking:
        clusters = list(range(len(table)))
        kept = linker.clustering.cluster_using_single_best_links(
            predicted, duplicate_free_datasets=["side_0", "side_1"], threshold_match_probability=0.5
        ).as_pandas_dataframe()
    else:
        kept = linker.clustering.cluster_pairwise_predictions_at_threshold(
            predicted, threshold_match_probability=DEFAULT
        ).as_pandas_dataframe()
    numbers = {label: number for number, label in enumerate(dict.fromkeys(kept["cluster_id"]))}
    clusters = [0] * len(table)
    for row, label in zip(kept["unique_id"], kept["cluster_id"], strict=True):
        clusters[row] = numbers[label]
    job.stop()
    job.write(
        clusters,
        (left, right, score),
        threshold=0.5 if linking else DEFAULT,
        candidates=None,
        version=splink.__version__,
    )


if __name__ == "__main__":
    main()
