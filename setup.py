"""What pyproject.toml cannot say: the front end is compiled into the wheel, for every Python from 3.11 on."""

from setuptools import setup

setup(
    cffi_modules=["edge/frontend/build_native.py:ffibuilder"],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
