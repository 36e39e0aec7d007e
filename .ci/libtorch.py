"""Unpacks LibTorch for the feature `libtorch`, from the packages of PyTorch: the processor's part, about 700 MB on disk.

    python3 .ci/libtorch.py FOLDER

Then LIBTORCH=FOLDER/torch and LD_LIBRARY_PATH=FOLDER/torch/lib for the build and for the program. For 64-bit Linux on x86;
needs pip, and 1 GB more while it works. Does nothing where FOLDER is complete already.
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# The version that the crate tch 0.22 is made for, and two libraries that the loader asks for, though nothing uses them.
PACKAGES = ["torch==2.9.0", "nvidia-cuda-cupti-cu12==12.8.90", "nvidia-cuda-runtime-cu12==12.8.90"]
PLATFORM = ["--python-version", "3.11", "--implementation", "cp", "--platform", "manylinux_2_28_x86_64"]
PLATFORM += ["--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_17_x86_64"]

folder = Path(sys.argv[1])
done = folder / "complete"
if done.exists():
    sys.exit()
folder.mkdir(parents=True, exist_ok=True)
lib = folder / "torch" / "lib"
# Beside the destination: a wheel is too large for some systems' place for temporary files.
with tempfile.TemporaryDirectory(dir=folder) as wheels:
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", wheels]
    subprocess.run([*download, *PLATFORM, *PACKAGES], check=True)
    for wheel in Path(wheels).glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.startswith(("torch/lib/", "torch/include/")) and "libtorch_cuda" not in name:
                    archive.extract(name, folder)
                elif name.startswith("nvidia/") and "/lib/" in name and ".so" in name:
                    lib.mkdir(parents=True, exist_ok=True)
                    (lib / Path(name).name).write_bytes(archive.read(name))
done.touch()
