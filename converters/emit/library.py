"""What makes a folder with one C file a library: for PlatformIO, for the Arduino IDE, for CMake."""

from __future__ import annotations

import json

from converters.emit.about import About


def library(prefix: str, about: About) -> dict[str, str]:
    """File name -> text; all say that the kernels are to be optimized for speed, whatever the program is."""
    return {
        "library.json": _platformio(prefix, about),
        "library.properties": _arduino(prefix, about),
        "CMakeLists.txt": _cmake(prefix, about),
    }


def _platformio(prefix: str, about: About) -> str:
    content = {
        "name": prefix,
        "version": about.version,
        "description": f"{about.title}, compiled by nuthatch",
        "headers": f"{prefix}.h",
        "build": {
            "srcDir": ".",
            "includeDir": ".",
            "srcFilter": f"+<{prefix}.c>",
            "unflags": "-Os",
            "flags": ["-O2"],
        },
    }
    return json.dumps(content, indent=2) + "\n"


def _arduino(prefix: str, about: About) -> str:
    lines = {
        "name": prefix,
        "version": about.version,
        "author": "nuthatch",
        "maintainer": "nuthatch",
        "sentence": f"{about.title}, compiled by nuthatch",
        "paragraph": "",
        "category": "Data Processing",
        "url": "",
        "architectures": "*",
        "includes": f"{prefix}.h",
    }
    return "".join(f"{k}={v}\n" for k, v in lines.items())


def _cmake(prefix: str, about: About) -> str:
    return "\n".join(
        [
            f"# {about.title}, compiled by nuthatch",
            "cmake_minimum_required(VERSION 3.13)",
            f"project({prefix} C)",
            f"add_library({prefix} STATIC {prefix}.c)",
            f"target_include_directories({prefix} PUBLIC ${{CMAKE_CURRENT_SOURCE_DIR}})",
            f"target_compile_options({prefix} PRIVATE -O2)",
            f"set_target_properties({prefix} PROPERTIES C_STANDARD 99)",
            "",
        ]
    )
