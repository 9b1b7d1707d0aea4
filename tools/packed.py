"""The form of src/cloud/packed.h: a head of one text line a frame (length, bytes unpacked, lines, first key), an
empty line, the frames. Lines are sorted by their first field, folded to lower case."""
import subprocess


def zstd(options, data):
    return subprocess.run(['zstd', '-q', '-c', *options], input=data, capture_output=True, check=True).stdout


def pack(lines, frame=256 << 10):
    """Smaller frames are quicker to open, larger ones are packed better."""
    groups = [[]]
    for text in lines:
        if groups[-1] and len(''.join(groups[-1]).encode()) + len(text.encode()) > frame:
            groups.append([])
        groups[-1].append(text)
    head, frames = [], b''
    for group in groups:
        text = ''.join(group).encode()
        packed = zstd(['--ultra', '-22'], text)
        head.append(f'{len(packed)} {len(text)} {len(group)} {group[0].split(chr(9))[0].lower()}\n')
        frames += packed
    return ''.join(head).encode() + b'\n' + frames


def unpack(data):
    head, _, frames = data.partition(b'\n\n')
    for entry in head.decode().split('\n'):
        length = int(entry.split()[0])
        yield zstd(['-d'], frames[:length]).decode()
        frames = frames[length:]
