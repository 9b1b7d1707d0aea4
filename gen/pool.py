"""One pool of NUL-terminated texts: each once, and none that is the tail of another."""


class Pool:
    def __init__(self):
        self.texts = {''}
        self.offsets = {}
        self.stored = ['']

    def add(self, text):
        self.texts.add(text)

    def close(self):
        """Sorted from the end, a tail stands right before a text that ends in it."""
        backwards = sorted((t.encode() for t in self.texts if t), key=lambda b: b[::-1], reverse=True)
        self.offsets = {b'': 0}
        end, host, at = 1, b'', 0
        for b in backwards:
            if not host.endswith(b):
                host, at = b, end
                end += len(b) + 1
                self.stored.append(b.decode())
            self.offsets[b] = at + len(host) - len(b)
        self.size = end

    def __call__(self, text):
        return self.offsets[(text or '').encode()]

    def c_lines(self):
        return [f'    {c_string(t, nul=True)}' for t in self.stored]


def c_string(text, nul=False):
    out = []
    for byte in text.encode():
        ch = chr(byte)
        if ch in '"\\?':  # \? keeps C17's trigraphs away
            out.append('\\' + ch)
        else:
            out.append(ch if 32 <= byte < 127 else f'\\{byte:03o}')
    return '"' + ''.join(out) + ('\\0"' if nul else '"')
