#!/usr/bin/env python3
"""Unit tests of the generator and the importer, where their logic is dense."""
import importlib.machinery
import importlib.util
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'gen'))
sys.dont_write_bytecode = True

import apitext  # noqa: E402
from model import Api  # noqa: E402
from names import Unique, field, snake  # noqa: E402
from pool import Pool, c_string  # noqa: E402
from tables import bound, writes  # noqa: E402


def tool(name):
    loader = importlib.machinery.SourceFileLoader(name.replace('-', '_'), str(ROOT / 'tools' / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def parse(text, overlay=None):
    api = apitext.Reader(Api(), False).read(text, 'x.api')
    if overlay:
        apitext.Reader(api, True).read(overlay, 'x.overlay')
    return apitext.check(api)


SMALL = '''service x
  protocols awsJson1.1
operation Get POST /
  input In
structure In
  Name Name required
string Name length=1.. pattern [a-z]+( -> [0-9]{2})?
list Names : Name
'''


class Names(unittest.TestCase):
    def test_snake(self):
        for name, want in {'SendMessage': 'send_message', 'MD5OfBody': 'md5_of_body', 'ETag': 'etag',
                           'ChecksumCRC32C': 'checksum_crc32c', 'QueueOwnerAWSAccountId': 'queue_owner_aws_account_id',
                           'GetQueueURLs': 'get_queue_urls', '__listOf__string': 'list_of_string',
                           'DBInstance': 'db_instance', 'Ipv6Addresses': 'ipv6_addresses',
                           'IPv6Cidr': 'ipv6_cidr', 'KMS.NotFoundException': 'kms_not_found_exception',
                           'S3Bucket': 's3_bucket', 'EBSOptimized': 'ebs_optimized'}.items():
            self.assertEqual(snake(name), want)

    def test_fields_are_no_keywords(self):
        self.assertEqual([field(n) for n in ('Default', 'NULL', '2FA', 'int')], ['default_', 'null', '_2_fa', 'int_'])

    def test_collisions_are_numbered(self):
        names = Unique()
        self.assertEqual([names.take('a'), names.take('a'), names.take('b'), names.take('a')], ['a', 'a_2', 'b', 'a_3'])


class Text(unittest.TestCase):
    def test_pattern_takes_the_rest_of_the_line(self):
        shape = parse(SMALL).shapes['Name']
        self.assertEqual(shape.traits, {'length': '1..', 'pattern': '[a-z]+( -> [0-9]{2})?'})

    def test_what_is_written_reads_the_same(self):
        example = (ROOT / 'gen/test/example.api').read_text()
        for text in (SMALL, example, *(p.read_text() for p in (ROOT / 'api').glob('*.api'))):
            api = parse(text)
            again = parse(apitext.write(api, ['notice']))
            self.assertEqual((api.facts, api.operations, api.shapes), (again.facts, again.operations, again.shapes))

    def test_odd_values_survive(self):
        for pattern in ('$|^ ', '"quoted"', 'a\tb', ' lead', 'x y'):
            api = parse(SMALL)
            api.shapes['Name'].traits['pattern'] = pattern
            self.assertEqual(parse(apitext.write(api, [])).shapes['Name'].traits['pattern'], pattern)

    def refuses(self, text, message, overlay=None):
        with self.assertRaises(apitext.ApiError) as e:
            parse(text, overlay)
        self.assertIn(message, str(e.exception))

    def test_mistakes_are_named_with_their_line(self):
        self.refuses(SMALL + 'strnig Y\n', 'x.api:9: unknown word "strnig"')
        self.refuses(SMALL.replace('required', 'requierd'), 'x.api:6: In.Name: unknown trait')
        self.refuses(SMALL.replace('required', 'header'), '"header" takes a value')
        self.refuses(SMALL + 'string Name\n', 'Name is there twice')
        self.refuses(SMALL + 'map M : Name\n', 'a map ": key -> value"')
        self.refuses(SMALL.replace('Name Name', 'Name Nmae'), 'In.Name: no shape Nmae')
        self.refuses('  title x\n', 'an indented line without a block')

    def test_overlay_lines_name_their_source(self):
        self.refuses(SMALL, 'names its source', 'operation Get\n  reads\n')
        self.refuses(SMALL, 'no source line defines @doc', 'operation Get @doc\n')
        api = parse(SMALL, 'source doc a page\noperation Get @doc\n  reads\n  iam none\nerror Gone status=410 @doc\n'
                           'structure In\n  Name queryName=N @doc\n')
        self.assertEqual(api.operations['Get'].facts['reads'], True)
        self.assertEqual(api.shapes['In'].members[0].traits, {'required': True, 'queryName': 'N'})
        self.assertTrue(api.shapes['Gone'].bare)

    def test_overlay_orders_members(self):
        text = SMALL.replace('  Name Name required\n', '  Name Name required\n  Other Name\n  Third Name\n')
        api = parse(text, 'source doc a page\nstructure In @doc\n  Other\n  Name\n')
        self.assertEqual([m.name for m in api.shapes['In'].members], ['Third', 'Other', 'Name'])
        self.assertEqual(api.shapes['In'].member('Name').traits, {'required': True})

    def test_overlay_is_for_its_own_service(self):
        self.refuses(SMALL, 'this overlay is for y', 'source s t\nservice y @s\n')
        self.refuses(SMALL, 'no operation Put', 'source s t\noperation Put @s\n')


class Rights(unittest.TestCase):
    """What is required of every operation of a service that is served."""

    def test_every_operation_has_its_rights(self):
        for path in sorted((ROOT / 'api').glob('*.api')):
            overlay = ROOT / 'api/overlay' / path.name
            api = apitext.read(path, overlay.with_suffix('.overlay'), overlay.with_suffix('.iam'))
            for op in api.operations.values():
                self.assertTrue(op.iam, op.name)
                self.assertNotEqual('reads' in op.facts, 'writes' in op.facts, op.name)

    def check(self, lines):
        api = parse(SMALL, 'source s t\noperation Get @s\n' + ''.join(f'  {x}\n' for x in lines))
        apitext.check_rights(api)

    def test_missing_or_wrong_ones_are_refused(self):
        self.check(['reads', 'iam x:Get arn:${Partition}:x:::${Name} when=!Name'])
        for lines in (['iam none'], ['reads'], ['reads', 'writes', 'iam none'], ['reads', 'iam x:Get ${Nmae}'],
                      ['reads', 'iam x:Get * when=Other']):
            with self.assertRaises(apitext.ApiError):
                self.check(lines)

    def test_what_writes(self):
        op = parse(SMALL).operations['Get']
        self.assertTrue(writes(op))
        op.facts['readonly'] = True
        self.assertFalse(writes(op))
        op.facts['writes'] = True
        self.assertTrue(writes(op))


class Tables(unittest.TestCase):
    def test_pool_shares_texts_and_tails(self):
        pool = Pool()
        for text in ('QueueUrl', 'Url', 'é', '', 'rl', 'QueueUrl'):
            pool.add(text)
        pool.close()
        blob = ''.join(t + '\0' for t in pool.stored).encode()
        for text in ('QueueUrl', 'Url', 'é', '', 'rl'):
            at = pool(text)
            self.assertEqual(blob[at:blob.index(b'\0', at)].decode(), text)
        self.assertEqual(pool('Url') - pool('QueueUrl'), 5)
        self.assertEqual(pool(None), 0)
        self.assertEqual(pool.size, len(blob))

    def test_c_strings(self):
        self.assertEqual(c_string('a"\\?\n\x01é9', nul=True), '"a\\"\\\\\\?\\012\\001\\303\\2519\\0"')

    def test_bounds(self):
        self.assertEqual([bound('5', True), bound('0.5', True), bound('0.5', False), bound('', True)], [5, 1, 0, None])
        self.assertIsNone(bound('1e300', False))


class Import(unittest.TestCase):
    def test_c2j_is_distilled(self):
        model = {
            'metadata': {'protocol': 'rest-json', 'protocols': ['rest-json', 'smithy-rpc-v2-cbor'],
                         'serviceId': 'Y', 'endpointPrefix': 'y', 'apiVersion': '1', 'signingName': 'z'},
            'operations': {'Go': {'name': 'Go', 'http': {'method': 'POST', 'requestUri': '/g/{Id}', 'responseCode': 202},
                                  'input': {'shape': 'In', 'locationName': 'Root', 'xmlNamespace': {'uri': 'urn:y'}},
                                  'errors': [{'shape': 'Bad', 'error': {'httpStatusCode': 418}}],
                                  'documentation': 'prose', 'authtype': 'none', 'httpChecksumRequired': True}},
            'shapes': {'In': {'type': 'structure', 'required': ['Id'], 'documentation': 'prose', 'payload': 'Body',
                              'members': {'Id': {'shape': 'S', 'location': 'uri', 'locationName': 'Id', 'documentation': 'x'},
                                          'Q': {'shape': 'M', 'location': 'querystring'},
                                          'Body': {'shape': 'B', 'streaming': True}}},
                       'S': {'type': 'string', 'max': 9, 'pattern': 'a b', 'documentation': 'prose'},
                       'B': {'type': 'blob'}, 'M': {'type': 'map', 'key': {'shape': 'S'}, 'value': {'shape': 'S'}},
                       'Bad': {'type': 'structure', 'members': {}, 'exception': True}}}
        text = apitext.write(tool('import-api').distil(model, 'y'), ['n'])
        self.assertNotIn('prose', text)
        for line in ('  protocols rpcv2Cbor restJson', '  signing z', 'operation Go POST /g/{Id}', '  status 202',
                     '  checksumRequired', '  anonymous', 'error Bad status=418', 'structure In name=Root ns=urn:y',
                     '  Id S path required', '  Q M queryMap', '  Body B payload streaming',
                     'string S length=..9 pattern a b', 'map M : S -> S'):
            self.assertIn(line + '\n', text)


if __name__ == '__main__':
    unittest.main()
