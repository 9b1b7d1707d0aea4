"""Writes aws-chunked bodies as the SDKs send them, and broken ones, for test/chunked.c.

An implementation of its own, by the AWS documentation, so that the decoder is not tested against itself.
Each case: a line "name kind decoded_length announced result body_length payload_sha256", then the body.
"""
import base64, hashlib, hmac, random, sys, zlib

SECRET, DATE, STAMP = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524", "20130524T000000Z"
SCOPE = DATE + "/us-east-1/s3/aws4_request"
SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


KEY = mac(mac(mac(mac(b"AWS4" + SECRET.encode(), DATE), "us-east-1"), "s3"), "aws4_request")


def link(algorithm, previous, *rest):
    return mac(KEY, "\n".join([algorithm, STAMP, SCOPE, previous, *rest])).hex()


def body(chunks, signed=True, trailers=None, last_crlf=b"\r\n", trailer_break=b"\r\n", damage=None, upper=False):
    out, previous = b"", SEED
    for number, chunk in enumerate([*chunks, b""]):
        size = ("%X" if upper else "%x") % len(chunk)
        if signed:
            previous = link("AWS4-HMAC-SHA256-PAYLOAD", previous, hashlib.sha256(b"").hexdigest(),
                            hashlib.sha256(chunk).hexdigest())
            shown = previous if damage != number else "0" * 64
            out += f"{size};chunk-signature={shown}\r\n".encode()
        else:
            out += f"{size}\r\n".encode()
        out += chunk + (b"\r\n" if chunk else b"")
    if trailers is not None:
        text = "".join(f"{name}:{value}\n" for name, value in trailers)
        for name, value in trailers:
            out += f"{name}:{value}".encode() + trailer_break
        if signed:
            signature = link("AWS4-HMAC-SHA256-TRAILER", previous, hashlib.sha256(text.encode()).hexdigest())
            out += f"x-amz-trailer-signature:{signature if damage != 'trailer' else '0' * 64}\r\n".encode()
    return out + last_crlf


def emit(name, kind, data, announced, result, sent, length=None):
    length = len(data) if length is None else length
    head = f"{name} {kind} {length} {announced or '-'} {result} {len(sent)} {hashlib.sha256(data).hexdigest()}\n"
    sys.stdout.buffer.write(head.encode() + sent)


random.seed(7)
A = b"a" * 66560
PARTS = [A[:65536], A[65536:]]
R = random.randbytes(30000)
R_PARTS = [R[:8192], R[8192:20000], R[20000:]]
crc = ("x-amz-checksum-crc32", base64.b64encode(zlib.crc32(R).to_bytes(4, "big")).decode())
unsigned = dict(signed=False, trailers=[crc])

emit("documentation", "signed", A, None, "end", body(PARTS))
emit("without-last-crlf", "signed", A, None, "end", body(PARTS, last_crlf=b""))
emit("upper-case-size", "signed", A, None, "end", body(PARTS, upper=True))
emit("empty", "signed", b"", None, "end", body([]))
emit("first-signature", "signed", A, None, "bad-signature", body(PARTS, damage=0))
emit("second-signature", "signed", A, None, "bad-signature", body(PARTS, damage=1))
emit("last-signature", "signed", A, None, "bad-signature", body(PARTS, damage=2))
emit("altered-byte", "signed", A, None, "bad-signature", body(PARTS).replace(b"aaaa", b"aaab", 1))
emit("chunks-swapped", "signed", A[::-1], None, "bad-signature",
     body([A[:10000], b"b" * 10000]).replace(b"a" * 10000, b"b" * 10000, 1), 20000)
emit("cut-in-data", "signed", A, None, "broken", body(PARTS)[:-2000])
emit("cut-before-last-chunk", "signed", A, None, "broken", body(PARTS)[:-88])
emit("longer-than-announced", "signed", A, None, "broken", body(PARTS), len(A) - 1)
emit("shorter-than-announced", "signed", A, None, "broken", body(PARTS), len(A) + 1)
emit("small-chunk-first", "signed", A, None, "broken", body([A[:100], A[100:]]))
emit("bytes-after-the-end", "signed", A, None, "broken", body(PARTS) + b"more\r\n")
emit("bare-lf", "signed", A, None, "broken", body(PARTS).replace(b"\r\n", b"\n", 1))
emit("other-extension", "signed", A, None, "broken", body(PARTS).replace(b"chunk-sig", b"check-sig", 1))
emit("huge-size", "signed", A, None, "broken", b"ffffffffffffffff;chunk-signature=" + b"0" * 64 + b"\r\n", -1)
emit("endless-line", "signed", A, None, "broken", b"0" * 5000, -1)

emit("botocore", "unsigned-trailer", R, crc[0], "end", body(R_PARTS, **unsigned))
emit("without-last-crlf", "unsigned-trailer", R, crc[0], "end", body(R_PARTS, last_crlf=b"", **unsigned))
emit("trailer-without-crlf", "unsigned-trailer", R, crc[0], "end",
     body(R_PARTS, last_crlf=b"", trailer_break=b"", **unsigned))
emit("lf-before-crlf", "unsigned-trailer", R, crc[0], "end", body(R_PARTS, trailer_break=b"\n\r\n", **unsigned))
emit("no-trailers", "unsigned-trailer", R, None, "end", body(R_PARTS, signed=False, trailers=[]))
emit("no-trailers-no-crlf", "unsigned-trailer", R, None, "end", body(R_PARTS, signed=False, trailers=[], last_crlf=b""))
emit("length-not-sent", "unsigned-trailer", R, crc[0], "end", body(R_PARTS, **unsigned), -1)
emit("trailer-never-came", "unsigned-trailer", R, crc[0], "broken", body(R_PARTS, signed=False, trailers=[]))
emit("trailer-not-announced", "unsigned-trailer", R, None, "broken", body(R_PARTS, **unsigned))
emit("trailer-twice", "unsigned-trailer", R, crc[0], "broken", body(R_PARTS, signed=False, trailers=[crc, crc]))
emit("extension", "unsigned-trailer", R, crc[0], "broken", body(R_PARTS, **unsigned).replace(b"\r\n", b";x=1\r\n", 1))

emit("sdk", "signed-trailer", R, crc[0], "end", body(R_PARTS, trailers=[crc]))
emit("documentation-form", "signed-trailer", R, crc[0], "end", body(R_PARTS, trailers=[crc], trailer_break=b"\n\r\n"))
emit("without-last-crlf", "signed-trailer", R, crc[0], "end", body(R_PARTS, trailers=[crc], last_crlf=b""))
emit("trailer-signature", "signed-trailer", R, crc[0], "bad-signature", body(R_PARTS, trailers=[crc], damage="trailer"))
emit("trailer-altered", "signed-trailer", R, crc[0], "bad-signature",
     body(R_PARTS, trailers=[crc]).replace(crc[1].encode(), b"AAAAAA=="))
emit("signature-never-came", "signed-trailer", R, crc[0], "broken",
     body(R_PARTS, trailers=[crc]).split(b"x-amz-trailer-signature")[0])
