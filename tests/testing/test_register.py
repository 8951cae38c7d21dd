from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.records import Account, Contact
from crmkit.testing._register import register

register()  # a source tree has no entry points


def loaded_after(code):
    out = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(out.stdout.split())


def test_the_entry_point_loads_neither_numpy_nor_the_working_parts_of_crmkit():
    before = loaded_after("import hypothesis, attrs")
    after = loaded_after("import hypothesis, attrs\nfrom crmkit.testing._register import register\nregister()")
    added = after - before
    assert not {name for name in added if name.partition(".")[0] in {"numpy", "narwhals", "rapidfuzz", "phonenumbers"}}
    areas = {name.split(".")[1] for name in added if name.startswith("crmkit.")}
    assert areas <= {"testing", "records", "errors", "typing", "_notebook", "_optional", "_delimited", "_progress"}
    assert "crmkit.testing.strategies" not in added


def test_importing_the_package_loads_nothing_but_itself():
    added = loaded_after("import crmkit.testing") - loaded_after("import crmkit._optional, importlib, typing")
    assert added == {"crmkit.testing"}


def test_generators_do_not_load_hypothesis():
    assert "hypothesis" not in loaded_after(
        "from crmkit.testing import generate, corrupt\ngenerate.contacts(3).columns"
    )


@given(st.from_type(Contact))
def test_contacts_are_drawn_for_their_type(contact):
    assert isinstance(contact, Contact)
    assert contact.family_name


@given(st.from_type(Account))
def test_accounts_are_drawn_for_their_type(account):
    assert account.name


def test_strategies_without_hypothesis_name_the_extra():
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "from crmkit.errors import MissingDependencyError\n"
        "import crmkit.testing\n"
        "try:\n    crmkit.testing.strategies\n"
        "except MissingDependencyError as error:\n    assert error.extra == 'testing', error.extra\n"
        "else:\n    raise SystemExit('nothing was raised')"
    )
    loaded_after(code)


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    import crmkit.testing

    with pytest.raises(AttributeError, match="no attribute 'generator'"):
        crmkit.testing.generator  # noqa: B018 - the access is what is tested
    assert {"corrupt", "generate", "strategies"} <= set(dir(crmkit.testing))
