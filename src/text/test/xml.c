#include "text/xml.h"

#include "unit.h"

static struct arena arena;

/* The document as "a(x:1)[b[text]c[]]": name, attributes, then text or children. */
static void describe(struct xml_reader *r, struct buf *b, const struct xml_element *e) {
    buf_add(b, e->name);
    for (u32 i = 0; i < e->attribute_count; i++)
        buf_format(b, "(%.*s=%.*s)", STR_ARGS(e->attributes[i].qualified),
                   STR_ARGS(e->attributes[i].value));
    buf_char(b, '[');
    struct xml_reader again = *r;
    struct xml_element child;
    bool any = false;
    while (xml_child(r, &child)) {
        describe(r, b, &child);
        any = true;
    }
    if (!any && !r->problem) {
        *r = again;
        buf_add(b, xml_text(r));
    }
    buf_char(b, ']');
}

static str read_all(str document) {
    struct xml_reader r = xml_reader_new(&arena, document, xml_default_limits);
    struct buf b = buf_new(&arena, 1 << 20);
    struct xml_element root;
    if (xml_root(&r, &root)) describe(&r, &b, &root);
    return xml_done(&r) ? buf_str(&b) : S("refused");
}

static void elements_and_texts(void) {
    CHECK_STR(read_all(S("<a/>")), S("a[]"));
    CHECK_STR(read_all(S("\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- c --><a><b>x</b><c /></a>\n<?pi?>")),
              S("a[b[x]c[]]"));
    CHECK_STR(read_all(S("<s:a xmlns:s='u'><s:b t=\"1\" >x</s:b ></s:a>")), S("a(xmlns:s=u)[b(t=1)[x]]"));
    CHECK_STR(read_all(S("<a>one<!-- no -->two<?no?><![CDATA[<&three]]></a>")), S("a[onetwo<&three]"));
    CHECK_STR(read_all(S("<a> keep  </a>")), S("a[ keep  ]"));
}

static void references_and_line_ends(void) {
    CHECK_STR(read_all(S("<a>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;&#xD;&#xa;</a>")), S("a[<&>\"'AB\r\n]"));
    CHECK_STR(read_all(S("<a>x\r\ny\rz</a>")), S("a[x\ny\nz]"));
    CHECK_STR(read_all(S("<a b='x\r\ny\tz&#xA;'/>")), S("a(b=x y z\n)[]"));
    CHECK_STR(read_all(S("<a>&#x1;&#x1F600;</a>")), S("a[\x01\xf0\x9f\x98\x80]"));
    CHECK_STR(read_all(S("<a>&nbsp;</a>")), S("refused"));
    CHECK_STR(read_all(S("<a>&#0;</a>")), S("refused"));
    CHECK_STR(read_all(S("<a>&#xD800;</a>")), S("refused"));
    CHECK_STR(read_all(S("<a>&#99999999999;</a>")), S("refused"));
    CHECK_STR(read_all(S("<a>&#;</a>")), S("refused"));
    CHECK_STR(read_all(S("<a>a & b</a>")), S("refused"));
}

static void refuses_what_is_not_xml(void) {
    const char *documents[] = {"", "text", "<a>", "<a></b>", "<a/><b/>", "<a/>text", "text<a/>", "<a b></a>",
        "<a b=c/>", "<a b='1'c='2'/>", "<a b='1' b='2'/>", "<a b='<'/>", "< a/>", "<a><b></a></b>",
        "<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        "<a><!DOCTYPE b></a>", "<a>\x01</a>", "<a>\xef\xbf\xbe</a>", "<a b='\xef\xbf\xbf'/>", "<a>\xc0\x80</a>", "<a>\xff</a>", "<a", "<a/", "</a>",
        "<a><!-- </a>", "<a><![CDATA[ </a>", "<a:/>", "<1a/>"};
    for (size_t i = 0; i < LENGTH(documents); i++)
        CHECK_STR(read_all(str_of(documents[i])), S("refused"));
}

static void limits_hold(void) {
    struct buf b = buf_new(&arena, 1 << 20);
    for (int i = 0; i < 64; i++) buf_add(&b, S("<a>"));
    for (int i = 0; i < 64; i++) buf_add(&b, S("</a>"));
    CHECK(!str_eq(read_all(buf_str(&b)), S("refused")));
    b.n = 0;
    for (int i = 0; i < 65; i++) buf_add(&b, S("<a>"));
    for (int i = 0; i < 65; i++) buf_add(&b, S("</a>"));
    CHECK_STR(read_all(buf_str(&b)), S("refused"));
    b.n = 0;
    buf_add(&b, S("<a"));
    for (int i = 0; i < 33; i++) buf_format(&b, " a%d=''", i);
    buf_add(&b, S("/>"));
    CHECK_STR(read_all(buf_str(&b)), S("refused"));
    struct xml_limits few = xml_default_limits;
    few.bytes = 3;
    struct xml_reader r = xml_reader_new(&arena, S("<a/>"), few);
    CHECK(!xml_done(&r));
}

static void skips_and_breaks(void) {
    struct xml_reader r = xml_reader_new(&arena, S("<a><b><c>1</c><d/></b>x<e>2</e></a>"), xml_default_limits);
    struct xml_element e;
    CHECK(xml_root(&r, &e));
    CHECK(xml_child(&r, &e));
    xml_skip(&r);
    CHECK(xml_child(&r, &e));
    CHECK_STR(e.name, S("e"));
    CHECK_STR(xml_text(&r), S("2"));
    CHECK(!xml_child(&r, &e));
    CHECK(xml_done(&r));
    r = xml_reader_new(&arena, S("<a>t<b>no</b>u</a>"), xml_default_limits);
    CHECK(xml_root(&r, &e));
    CHECK_STR(xml_text(&r), S("tu"));
    CHECK(xml_done(&r));
}

static void writes(void) {
    struct buf b = buf_new(&arena, 4096);
    xml_write_open(&b, S("a"));
    xml_write_attribute(&b, S("b"), S("<\"\n\r\t&>"));
    xml_write_open_end(&b);
    xml_write_text(&b, S("x<y>&\"'\n\r\x01\xc3\xa9"));
    xml_write_leaf(&b, S("c"), S(""));
    xml_write_close(&b, S("a"));
    CHECK_STR(buf_str(&b), S("<a b=\"&lt;&quot;&#xA;&#xD;&#x9;&amp;&gt;\">x&lt;y&gt;&amp;&quot;'\n&#xD;&#x1;\xc3\xa9"
                             "<c></c></a>"));
}

static void what_is_quoted_stays_readable(void) {
    struct buf b = buf_new(&arena, 4096);
    xml_write_leaf(&b, S("m"), S("a\0\x1f\t<\xc3\xa9\xff\xed\xa0\x80\xef\xbf\xbf\x7f"));
    CHECK_STR(buf_str(&b), S("<m>a\ufffd\ufffd\t&lt;\u00e9\ufffd\ufffd\ufffd\ufffd\ufffd\x7f</m>"));
    struct xml_reader r = xml_reader_new(&arena, buf_str(&b), xml_default_limits);
    struct xml_element e;
    CHECK(xml_root(&r, &e));
    CHECK(xml_text(&r).n && xml_done(&r));
}

UNIT_MAIN(UNIT(elements_and_texts), UNIT(references_and_line_ends), UNIT(refuses_what_is_not_xml),
          UNIT(limits_hold), UNIT(skips_and_breaks), UNIT(writes), UNIT(what_is_quoted_stays_readable))
