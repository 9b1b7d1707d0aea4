/* XML as AWS clients send it and AWS answers it: a pull reader over bytes in memory, and a writer.
 *
 * Elements, attributes, prefixes, the five entities, character references, CDATA; comments and
 * processing instructions are passed over. A DOCTYPE is refused, so there are no other entities,
 * internal or external. Names are checked for shape, not against the namespace rules.
 *
 * Reading goes down and up the tree by two calls. After an element is entered, its content is taken
 * by exactly one of: xml_child in a loop until it says false, xml_text, xml_skip.
 *
 *     struct xml_reader r = xml_reader_new(arena, bytes, xml_default_limits);
 *     struct xml_element root, e;
 *     if (xml_root(&r, &root))
 *         while (xml_child(&r, &e))
 *             if (str_eq(e.name, S("Key"))) key = xml_text(&r);
 *             else xml_skip(&r);
 *     if (!xml_done(&r)) refuse(r.problem);
 *
 * A broken document ends all loops: the problem sticks and xml_done tells. Texts and names are views
 * of the input, or copies in the arena where a reference or a line end had to be replaced. */
#ifndef BRUME_XML_H
#define BRUME_XML_H

#include "base/arena.h"

struct xml_limits {
    size_t bytes;      /* of the document */
    u32 depth;         /* of elements */
    u32 attributes;    /* of one element, namespace declarations included */
};
extern const struct xml_limits xml_default_limits;

struct xml_attribute {
    str qualified; /* as written: "xsi:type" */
    str value;
};
struct xml_element {
    str qualified; /* as written: "s3:Bucket" */
    str name;      /* without its prefix: "Bucket" */
    const struct xml_attribute *attributes;
    u32 attribute_count;
};

struct xml_reader {
    struct arena *arena;
    const char *p, *end, *start;
    struct xml_limits limits;
    str *open;          /* qualified names of the open elements, the outermost first */
    u32 depth, open_capacity;
    bool closes_itself; /* the element just entered was <empty/> */
    const char *problem; /* NULL while all is well */
};

struct xml_reader xml_reader_new(struct arena *a, str bytes, struct xml_limits limits);
/* Enters the root element. */
MUST_USE bool xml_root(struct xml_reader *r, struct xml_element *e);
/* Enters the next child of the current element; false at its end, which is then left. */
MUST_USE bool xml_child(struct xml_reader *r, struct xml_element *e);
/* The text of the current element without that of its children; leaves the element. Never absent. */
str xml_text(struct xml_reader *r);
/* Leaves the current element. */
void xml_skip(struct xml_reader *r);
/* True if the root has been left, only comments and white space follow, and nothing was wrong. */
MUST_USE bool xml_done(struct xml_reader *r);
/* The value of the attribute with that qualified name; absent if none. */
str xml_attribute_get(const struct xml_element *e, str qualified);

/* ---- writing: plain functions over a buf; the caller keeps the tags in balance ---- */
void xml_write_declaration(struct buf *b); /* <?xml version="1.0" encoding="UTF-8"?> and a line end */
/* "<name", then any xml_write_attribute, then xml_write_open_end: ">". */
void xml_write_open(struct buf *b, str name);
void xml_write_attribute(struct buf *b, str name, str value);
void xml_write_open_end(struct buf *b);
void xml_write_close(struct buf *b, str name);
/* Escapes & < > " and \r as AWS does ("&quot;", "&#xD;"). Control characters, which XML 1.0 has no way
 * to say, become references as S3 writes them ("&#x1;"); the reader here takes those back. */
void xml_write_text(struct buf *b, str text);
/* <name>text</name>, as errors tell of what they were sent: that stays readable whatever it was. What XML 1.0 has no
 * way to say, and what is no UTF-8, is U+FFFD. */
void xml_write_leaf(struct buf *b, str name, str text);

#endif
