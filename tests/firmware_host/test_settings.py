"""Settings survive a loss of power at any byte of any write."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

OWNER, BYTES = 7, 12


@pytest.fixture(scope="module")
def settings(library):
    return library("settings/nh_settings.c", "crc/nh_crc.c", Path(__file__).parent / "torn_pages.c")


def load(lib, owner=OWNER):
    record = ctypes.create_string_buffer(BYTES)
    return record.raw if lib.nh_settings_load(owner, record, BYTES) else None


def save(lib, record: bytes, torn_after: int = -1):
    ctypes.c_int32.in_dll(lib, "torn_after").value = torn_after
    return bool(lib.nh_settings_save(OWNER, record, len(record)))


RECORDS = st.binary(min_size=BYTES, max_size=BYTES)


@given(writes=st.lists(st.tuples(RECORDS, st.integers(-1, 130)), min_size=1, max_size=12))
def test_the_last_record_that_was_whole_is_loaded(settings, writes):
    assert save(settings, b"\1" * BYTES)
    known = b"\1" * BYTES
    for record, torn_after in writes:
        saved = save(settings, record, torn_after)
        found = load(settings)
        assert found == record if saved else found in (known, record)
        known = found


def test_another_model_s_record_is_none(settings):
    assert save(settings, b"\2" * BYTES)
    assert load(settings, OWNER + 1) is None
    assert not save(settings, b"x" * 97)
