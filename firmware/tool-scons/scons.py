"""SCons as PlatformIO starts it; the package lies beside this file, so that any Python with PlatformIO finds it."""

import SCons.Script

if __name__ == "__main__":
    SCons.Script.main()
