"""The one thing pyproject.toml cannot say: the front end is compiled into the wheel."""

from setuptools import setup

setup(cffi_modules=["edge/frontend/build_native.py:ffibuilder"])
