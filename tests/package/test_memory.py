from __future__ import annotations

import sys
import types

from crmkit import _memory


def test_freed_memory_is_given_back_where_the_c_library_can_and_nothing_happens_where_it_cannot(monkeypatch):
    import ctypes

    asked = []
    for platform, library, wanted in (
        ("linux", types.SimpleNamespace(malloc_trim=asked.append), [0]),
        ("linux", types.SimpleNamespace(), []),
        ("win32", None, []),
    ):
        asked.clear()
        _memory._trim.cache_clear()
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setattr(ctypes, "CDLL", lambda _name, library=library: library)
        _memory.give_back()
        assert asked == wanted
    monkeypatch.undo()
    _memory._trim.cache_clear()
    _memory.give_back()
