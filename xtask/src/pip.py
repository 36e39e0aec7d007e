"""Run pip out of its wheel, in a Python that has no pip: python -c "$(cat pip.py)" install ..."""

import os
import re
import runpy
import sys
import tempfile
import urllib.parse
import urllib.request

index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
with urllib.request.urlopen(index) as page:
    links = re.findall(r'href="([^"]+)"', page.read().decode())

# The last release that runs on Python 3.8.
wheel = "pip-25.0.1-py3-none-any.whl"
link = next((link for link in links if urllib.parse.urlsplit(link).path.endswith("/" + wheel)), None)
if link is None:
    sys.exit(f"{index} has no {wheel}")

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, wheel)
    urllib.request.urlretrieve(urllib.parse.urljoin(index, link), path)
    sys.path.insert(0, path)
    sys.argv = ["pip", *sys.argv[1:]]
    runpy.run_module("pip", run_name="__main__")
