"""What data is that is no text, so that it is named and never dumped into a conversation."""

import codecs

# How files of a kind begin. What has no such beginning is known by the NUL bytes in it.
_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "PNG image",
    b"\xff\xd8\xff": "JPEG image",
    b"GIF87a": "GIF image",
    b"GIF89a": "GIF image",
    b"BM": "BMP image",
    b"II*\0": "TIFF image",
    b"MM\0*": "TIFF image",
    b"RIFF": "RIFF media (WebP, WAV or AVI)",
    b"\0\0\1\0": "icon",
    b"OggS": "Ogg media",
    b"ID3": "MP3 audio",
    b"fLaC": "FLAC audio",
    b"\x1aE\xdf\xa3": "Matroska or WebM video",
    b"%PDF-": "PDF document",
    b"PK\x03\x04": "ZIP archive or office document",
    b"\x1f\x8b": "gzip data",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ\0": "xz data",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"7z\xbc\xaf\x27\x1c": "7-Zip archive",
    b"\x7fELF": "ELF program",
    b"MZ": "Windows program",
    b"\xca\xfe\xba\xbe": "Java class or Mach-O program",
    b"\0asm": "WebAssembly program",
    b"SQLite format 3\0": "SQLite database",
    codecs.BOM_UTF32_LE: "UTF-32 text",
    codecs.BOM_UTF16_LE: "UTF-16 text",
    codecs.BOM_UTF16_BE: "UTF-16 text",
}
_LOOKED_AT = 8192  # bytes
_BAD_SHARE = 0.1  # of the characters, from which on output counts as binary
_NUL_SHARE = 0.4
_WRITTEN = frozenset("\t\n\r\b\f\v\x1b")  # control characters that programs print
_REPLACED = "\ufffd"  # what a byte becomes that is no character


def name_kind(data: bytes) -> str | None:
    """The kind of binary data; None for what may be text."""
    looked_at = data[:_LOOKED_AT]
    has_nul = b"\0" in looked_at
    if not has_nul and _is_utf8(looked_at) and not data.startswith(b"%PDF-"):
        return None
    starts = (start for start in _BEGINNINGS if len(start) > 2 or has_nul)  # text may begin with two such letters
    return next((_BEGINNINGS[start] for start in starts if data.startswith(start)), "binary data" if has_nul else None)


def mask_binary(output: str, size: int | None = None) -> str:
    """What a command printed, with binary data named in its place; `size` is that of the whole output in bytes.

    Single bytes that are no characters stay as they were replaced; a NUL is written out.
    """
    if not _is_binary(output):
        return output.replace("\0", "\\0")
    lines = output.split("\n")
    bad = [number for number, line in enumerate(lines) if _count_bad(line)]
    first, last = bad[0], bad[-1]
    kind = _name_printed_kind("\n".join(lines[first:]))
    told = f"{size} bytes" if size else f"about {sum(map(len, lines[first : last + 1])) + last - first} bytes"
    note = f"[{kind}, {told}: not shown; write it into a file and look at it with commands made for it]"
    return "\n".join([*lines[:first], note, *lines[last + 1 :]])


def _is_utf8(data: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)  # the last character may be cut off
    except UnicodeDecodeError:
        return False
    return True


def _is_binary(output: str) -> bool:
    bad, separators = _count_bad(output), output.count("\0")  # lists for programs separate their items by a NUL
    return (bad > separators and bad >= _BAD_SHARE * len(output)) or 0 < separators >= _NUL_SHARE * len(output)


def _count_bad(text: str) -> int:
    return sum(character == _REPLACED or (character < " " and character not in _WRITTEN) for character in text)


def _name_printed_kind(text: str) -> str:
    for start, kind in _BEGINNINGS.items():
        if len(start) > 2 and text.startswith(start.decode(errors="replace")):
            return kind
    return "binary data"
