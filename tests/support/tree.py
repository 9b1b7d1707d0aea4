"""A tree of real files from this machine, with names that hurt."""
import os
import shutil
from pathlib import Path

SOURCES = ["/usr/share", "/usr/lib/python3", "/usr/lib/python3.11", "/usr/include", "/usr/lib"]
ODD = ["with space.txt", "plus+plus.txt", "per%cent%2Fslash.txt", "grüße/日本語 файл.txt", "a=b&c=d;e.txt", "quote'\"quote.txt",
       "tilde~(brackets)[1]{2}!*.txt", "#hash?question.txt", "comma,dollar$at@colon:.txt", "back\\slash.txt", "😀.bin",
       "..dots/...three", "empty", "long-" + "n" * 200]
LIMIT = 1 << 20


def plant(folder, count):
    """Copies `count` files of at most 1 MiB into `folder`, which then has a few odd ones besides; returns how many."""
    folder = Path(folder)
    planted = 0
    for i, name in enumerate(ODD):
        target = folder / "odd" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"" if name == "empty" else name.encode() * (i + 1))
        planted += 1
    for path in real_files():
        if planted == count:
            break
        target = folder / path.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        planted += 1
    return planted


def real_files():
    for source in SOURCES:
        for at, folders, files in os.walk(source):
            folders.sort()
            for name in sorted(files):
                path = Path(at, name)
                try:
                    name.encode()
                    if not path.is_symlink() and path.is_file() and path.stat().st_size <= LIMIT and os.access(path, os.R_OK):
                        yield path
                except (OSError, UnicodeEncodeError):
                    pass
