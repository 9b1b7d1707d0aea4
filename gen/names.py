"""From the API's names to C's: snake_case, keywords, collisions."""
import re

# Words that AWS writes as one although their letters say otherwise.
WORDS = {
    'ETag': 'Etag', 'CRC32C': 'Crc32c', 'CRC64NVME': 'Crc64nvme', 'IPv4': 'Ipv4', 'IPv6': 'Ipv6',
    'OAuth': 'Oauth', 'DynamoDB': 'Dynamodb', 'GraphQL': 'Graphql', 'MySQL': 'Mysql',
    'PostgreSQL': 'Postgresql', 'OpenSearch': 'Opensearch', 'CloudWatch': 'Cloudwatch',
}
WORD = re.compile('|'.join(sorted(WORDS, key=len, reverse=True)))

# C keywords, and names that libc or the compiler may define as macros.
RESERVED = set('''
    auto break case char const continue default do double else enum extern float for goto if inline
    int long register restrict return short signed sizeof static struct switch typedef union unsigned
    void volatile while bool true false assert errno stdin stdout stderr linux unix i386 alignas
    alignof noreturn thread_local complex imaginary str err u8 u16 u32 u64 i32 i64
'''.split())


def snake(name):
    """GetQueueURLs -> get_queue_urls, MD5OfBody -> md5_of_body, __listOfX -> list_of_x"""
    s = WORD.sub(lambda m: WORDS[m.group()], name)
    s = re.sub(r'([A-Z]{2,})s(?=[A-Z_]|$)', lambda m: m.group(1).capitalize() + 's', s)
    s = re.sub(r'([a-z0-9])([A-Z])', r'\1_\2', s)
    s = re.sub(r'([A-Z])([A-Z][a-z])', r'\1_\2', s)
    return re.sub(r'[^a-z0-9]+', '_', s.lower()).strip('_') or 'none'


def field(name):
    """A member's name as a C field."""
    s = snake(name)
    return s + '_' if s in RESERVED else '_' + s if s[0].isdigit() else s


class Unique:
    """Hands out names; one that is taken gets a number. The API's order decides who is first."""

    def __init__(self):
        self.taken = set()

    def take(self, name):
        candidate, n = name, 1
        while candidate in self.taken:
            n += 1
            candidate = f'{name}_{n}'
        self.taken.add(candidate)
        return candidate
