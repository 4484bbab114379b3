"""Prints the licences of every crate that is compiled into the program: third_party_licences.py TARGET

The texts are those of the crates' own packages, each once with the crates that come under it. It fails when a crate
says nothing of its licence.
"""

import json
import pathlib
import subprocess
import sys

RULE = "=" * 100


def compiled_in(metadata: dict) -> set[str]:
    """The ids of the crates that the program is made of: no tools of the build or the tests."""
    needs = {
        node["id"]: [
            dependency["pkg"]
            for dependency in node["deps"]
            if any(kind["kind"] is None for kind in dependency["dep_kinds"])
        ]
        for node in metadata["resolve"]["nodes"]
    }
    found, waiting = set(), [metadata["resolve"]["root"]]
    while waiting:
        crate = waiting.pop()
        if crate not in found:
            found.add(crate)
            waiting.extend(needs[crate])
    return found - {metadata["resolve"]["root"]}


def texts(package: dict) -> list[str]:
    """The licence files of a crate."""
    folder = pathlib.Path(package["manifest_path"]).parent
    starts = ("license", "licence", "copying", "copyright", "notice", "unlicense")
    files = [file for file in folder.iterdir() if file.is_file() and file.name.lower().startswith(starts)]
    return [file.read_text(encoding="utf-8", errors="replace").strip() for file in sorted(files)]


def main() -> None:
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", sys.argv[1]]
    metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    ids = compiled_in(metadata)
    packages = sorted((p for p in metadata["packages"] if p["id"] in ids), key=lambda p: (p["name"], p["version"]))

    print("pricestash is made of these crates, of Rust's standard library (MIT OR Apache-2.0), and of SQLite, which is in")
    print("the public domain. Where a crate may be used under one of several licences, it is used under MIT if that is one.\n")
    by_text: dict[str, list[str]] = {}
    for package in packages:
        licence = package["license"]
        if not licence:
            sys.exit(f"{package['name']} {package['version']} says nothing of its licence")
        name = f"{package['name']} {package['version']}"
        found = texts(package)
        authors = "" if found or not package["authors"] else f", by {', '.join(package['authors'])}"
        print(f"{name}: {licence}{authors} {package['repository'] or ''}".rstrip())
        for text in found:
            by_text.setdefault(text, []).append(name)
    for text, names in by_text.items():
        print(f"\n{RULE}\n{', '.join(names)}\n{RULE}\n\n{text}")


main()
