"""Words, numbers and base64 of a line, against Python's."""

from __future__ import annotations

import base64
import ctypes
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def words(library):
    return library("link/nh_words.c", "link/nh_base64.c")


def number(function, word: bytes, *between):
    value = ctypes.c_uint32(0)
    return value.value if function(word, *between, ctypes.byref(value)) else None


@given(st.one_of(st.integers(0, 2**34).map(str), st.text("0123456789-+ax ", max_size=12)))
def test_numbers(words, text):
    valid = re.fullmatch("[0-9]+", text) and int(text) < 2**32
    assert number(words.nh_word_number, text.encode()) == (int(text) if valid else None)


@given(st.one_of(st.integers(0, 1_200_000).map(lambda n: f"{n / 1e6:.6f}"), st.text("01.39-", max_size=10)))
def test_fractions(words, text):
    valid = re.fullmatch(r"[01](\.[0-9]{0,6})?", text) and Decimal(text) <= 1
    assert number(words.nh_word_millionths, text.encode()) == (int(Decimal(text) * 1_000_000) if valid else None)


@given(st.text("0123456789abcdefABCDEFgx", max_size=6), st.integers(0, 4))
def test_hexadecimal(words, text, digits):
    valid = re.match(f"[0-9a-fA-F]{{{digits}}}", text)
    expected = int(text[:digits] or "0", 16) if valid else None
    assert number(words.nh_word_hex, text.encode(), ctypes.c_uint32(digits)) == expected


@given(st.one_of(st.binary(max_size=60).map(base64.b64encode), st.text("ABz09+/=-", max_size=16).map(str.encode)))
def test_base64_in_its_own_place(words, text):
    memory = ctypes.create_string_buffer(text + b"\0")
    length = words.nh_base64_decode(memory, memory)
    if re.fullmatch(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", text):
        assert memory.raw[:length] == base64.b64decode(text)
    else:
        assert length == -1


@given(st.text("ab ", max_size=20))
def test_words(words, text):
    memory = ctypes.create_string_buffer(text.encode())
    rest = ctypes.c_char_p(ctypes.addressof(memory))
    words.nh_word.restype = ctypes.c_char_p
    found = []
    while (word := words.nh_word(ctypes.byref(rest))) is not None:
        found.append(word.decode())
    assert found == text.split()
