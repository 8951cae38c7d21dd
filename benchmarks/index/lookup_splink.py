"""Splink's look-up of one new record: fitted on the table, then ``predict_between`` the table and each record."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pandas as pd
import splink

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "matching")]

from run_splink import contacts  # noqa: E402  # the settings that matching is compared with
from splink import DuckDBAPI, Linker, SettingsCreator  # noqa: E402


def main() -> None:
    table = pd.read_csv(sys.argv[1], dtype=str).rename(columns={"id": "unique_id"})
    table["local_part"] = table["email"].str.partition("@")[0]
    comparisons, rules, training, sure = contacts()
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules,
    )
    api = DuckDBAPI()
    people = api.register(table, table_name="people")
    linker = Linker(people, settings)
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in training:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    for name in ("given_name", "family_name", "phone"):
        linker.table_management.compute_tf_table(name)
    results = []
    for group, records in json.loads(Path(sys.argv[2]).read_text()).items():
        wall, cpu, found = [], [], 0
        for number, record in enumerate(records):
            row = {**dict.fromkeys(table.columns), **record, "unique_id": f"new{number}"}
            if row.get("email"):
                row["local_part"] = row["email"].partition("@")[0]
            a, b = time.perf_counter(), time.process_time()
            asked = api.register(
                pd.DataFrame([row], columns=table.columns).astype("string"), table_name=f"asked_{group}_{number}"
            )
            answer = linker.inference.predict_between(people, asked, threshold_match_weight=-7).as_record_list()
            if number >= 5:
                cpu.append(time.process_time() - b)
                wall.append(time.perf_counter() - a)
                found += bool(answer)
        wall.sort()
        cpu.sort()
        results.append(
            {"task": group, "version": splink.__version__, "records": len(wall), "with_hits": found,
             "cpu_p50_us": round(cpu[len(cpu) // 2] * 1e6, 1), "wall_p50_us": round(wall[len(wall) // 2] * 1e6, 1),
             "wall_p99_us": round(wall[-1] * 1e6, 1)}
        )  # fmt: skip
    Path(sys.argv[3]).write_text(json.dumps(results))


if __name__ == "__main__":
    main()
