#include "text/xml_signature.h"

#include "base/encode.h"
#include "crypto/public_key.h"

#include <dlfcn.h>
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <pthread.h>

#define DSIG "http://www.w3.org/2000/09/xmldsig#"
#define EXCLUSIVE "http://www.w3.org/2001/10/xml-exc-c14n#"
#define INCLUSIVE "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define ENVELOPED DSIG "enveloped-signature"

/* ---- libxml2, loaded once ---- */

static struct {
    __typeof__(xmlInitParser) *init;
    __typeof__(xmlReadMemory) *read;
    __typeof__(xmlFreeDoc) *free_document;
    __typeof__(xmlDocGetRootElement) *root;
    __typeof__(xmlGetNoNsProp) *attribute;
    __typeof__(xmlNodeGetContent) *content;
    __typeof__(xmlOutputBufferCreateIO) *output;
    __typeof__(xmlOutputBufferClose) *output_close;
    __typeof__(xmlC14NExecute) *canonical;
    xmlFreeFunc free;
    bool there;
} xml; /* a loaded library is of the process: written once, under pthread_once, then only read */

static void load(void) {
    void *library = dlopen("libxml2.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    const struct {
        void *to;
        const char *name;
    } wanted[] = {{&xml.init, "xmlInitParser"}, {&xml.read, "xmlReadMemory"}, {&xml.free_document, "xmlFreeDoc"},
                  {&xml.root, "xmlDocGetRootElement"}, {&xml.attribute, "xmlGetNoNsProp"}, {&xml.content, "xmlNodeGetContent"},
                  {&xml.output, "xmlOutputBufferCreateIO"}, {&xml.output_close, "xmlOutputBufferClose"}, {&xml.canonical, "xmlC14NExecute"}};
    for (size_t i = 0; i < LENGTH(wanted); i++) {
        void *symbol = dlsym(library, wanted[i].name);
        if (!symbol) return;
        memcpy(wanted[i].to, &symbol, sizeof symbol);
    }
    xmlFreeFunc *release = dlsym(library, "xmlFree"); /* a variable */
    if (!release) return;
    xml.free = *release;
    xml.init();
    xml.there = true;
}
static bool ready(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return xml.there;
}

/* ---- reading the tree ---- */

static bool is_element(const xmlNode *n, const char *space, const char *name) {
    return n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0 && n->ns && n->ns->href
           && strcmp((const char *)n->ns->href, space) == 0;
}
/* The child of that name; NULL unless there is exactly one. */
static xmlNode *only_child(const xmlNode *parent, const char *space, const char *name) {
    xmlNode *found = NULL;
    for (xmlNode *n = parent->children; n; n = n->next) {
        if (!is_element(n, space, name)) continue;
        if (found) return NULL;
        found = n;
    }
    return found;
}
static str take(struct arena *a, xmlChar *text) { /* into the arena; the absent str for NULL */
    str s = arena_str(a, str_of((const char *)text));
    if (text) xml.free(text);
    return s;
}
static str attribute_of(struct arena *a, const xmlNode *n, const char *name) { return take(a, xml.attribute(n, (const xmlChar *)name)); }
static str algorithm_of(struct arena *a, const xmlNode *n) { return n ? attribute_of(a, n, "Algorithm") : (str){0}; }

/* Base64 with white space in it. */
static bool bytes_of(struct arena *a, const xmlNode *n, str *bytes) {
    str text = take(a, xml.content(n));
    char *packed = arena_alloc(a, text.n + 1, 1);
    size_t length = 0;
    for (size_t i = 0; i < text.n; i++)
        if (!memchr(" \t\r\n", text.p[i], 4)) packed[length++] = text.p[i];
    return base64_decode(a, (str){packed, length}, bytes);
}

/* ---- canonical form ---- */

struct form { /* of a canonicalization method, with what it takes along */
    int mode;
    str prefixes;
};
static bool form_read(struct arena *a, const xmlNode *method, struct form *f) {
    str name = algorithm_of(a, method);
    *f = (struct form){.mode = str_eq(name, S(EXCLUSIVE)) ? XML_C14N_EXCLUSIVE_1_0 : XML_C14N_1_0};
    if (!str_eq(name, S(EXCLUSIVE)) && !str_eq(name, S(INCLUSIVE))) return false;
    const xmlNode *inclusive = only_child(method, EXCLUSIVE, "InclusiveNamespaces");
    if (inclusive) f->prefixes = attribute_of(a, inclusive, "PrefixList");
    return true;
}

struct part { /* an element, without the one inside it that is left out */
    const xmlNode *top, *without;
};
static int is_visible(void *context, xmlNode *node, xmlNode *parent) {
    const struct part *p = context;
    bool inside = false;
    const xmlNode *n = node->type == XML_NAMESPACE_DECL ? parent : node;
    for (; n; n = n->parent) {
        if (n == p->without) return 0;
        inside |= n == p->top;
    }
    return inside;
}

static int add_output(void *context, const char *bytes, int n) {
    buf_add(context, (str){bytes, (size_t)n});
    return n;
}

static xmlChar **prefix_list(struct arena *a, str prefixes) {
    enum { PREFIXES_MAX = 32 };
    xmlChar **list = NEW_ARRAY(a, xmlChar *, PREFIXES_MAX + 1);
    size_t n = 0;
    while (prefixes.n && n < PREFIXES_MAX) {
        str one = str_cut(&prefixes, ' ');
        if (one.n) list[n++] = (xmlChar *)arena_c_string(a, one);
    }
    return n ? list : NULL;
}

static bool canonical(struct arena *a, xmlDoc *document, const struct part *part, const struct form *f, str *text) {
    struct buf out = buf_new(a, XML_SIGNED_MAX);
    xmlOutputBuffer *to = xml.output(add_output, NULL, &out, NULL);
    if (!to) return false;
    struct part p = *part;
    int done = xml.canonical(document, is_visible, &p, f->mode, prefix_list(a, f->prefixes), 0, to);
    bool flushed = xml.output_close(to) >= 0;
    *text = buf_str(&out);
    return done >= 0 && flushed && !out.over;
}

/* ---- signatures ---- */

static const struct {
    const char *name;
    enum hash_kind hash;
} digests[] = {{DSIG "sha1", HASH_SHA1},
               {"http://www.w3.org/2001/04/xmlenc#sha256", HASH_SHA256},
               {"http://www.w3.org/2001/04/xmldsig-more#sha384", HASH_SHA384},
               {"http://www.w3.org/2001/04/xmlenc#sha512", HASH_SHA512}};
#define MORE "http://www.w3.org/2001/04/xmldsig-more#"
static const struct {
    const char *name;
    enum hash_kind hash;
    bool curve;
} methods[] = {{DSIG "rsa-sha1", HASH_SHA1, false},     {MORE "rsa-sha256", HASH_SHA256, false},   {MORE "rsa-sha384", HASH_SHA384, false},
               {MORE "rsa-sha512", HASH_SHA512, false}, {MORE "ecdsa-sha256", HASH_SHA256, true}, {MORE "ecdsa-sha384", HASH_SHA384, true},
               {MORE "ecdsa-sha512", HASH_SHA512, true}};

/* Enveloped-signature, and at most one canonical form beside it; inclusive without one. */
static bool transforms_read(struct arena *a, const xmlNode *reference, struct form *f) {
    const xmlNode *list = only_child(reference, DSIG, "Transforms");
    bool enveloped = false, formed = false;
    *f = (struct form){.mode = XML_C14N_1_0};
    for (const xmlNode *n = list ? list->children : NULL; n; n = n->next) {
        if (n->type != XML_ELEMENT_NODE) continue;
        if (str_eq(algorithm_of(a, n), S(ENVELOPED))) enveloped = true;
        else if (!formed && form_read(a, n, f)) formed = true;
        else return false;
    }
    return enveloped;
}

/* Does the reference name `owner`, and is its digest that of what stands there? */
static bool digest_right(struct arena *a, xmlDoc *document, const xmlNode *owner, const xmlNode *signature, const xmlNode *reference, str *text) {
    str uri = attribute_of(a, reference, "URI"), id = attribute_of(a, owner, "ID"), wanted;
    struct form f;
    u8 digest[HASH_MAX];
    bool whole = uri.p && !uri.n && owner == xml.root(document);
    if (!whole && !(id.n && uri.n == id.n + 1 && uri.p[0] == '#' && str_eq(str_skip(uri, 1), id))) return false;
    const xmlNode *method = only_child(reference, DSIG, "DigestMethod"), *value = only_child(reference, DSIG, "DigestValue");
    if (!method || !value || !transforms_read(a, reference, &f) || !bytes_of(a, value, &wanted)) return false;
    if (!canonical(a, document, &(struct part){owner, signature}, &f, text)) return false;
    str name = algorithm_of(a, method);
    for (size_t i = 0; i < LENGTH(digests); i++) {
        if (!str_eq(name, str_of(digests[i].name))) continue;
        size_t n = hash_once(digests[i].hash, *text, digest);
        return str_eq_constant_time((str){(char *)digest, n}, wanted);
    }
    return false;
}

static bool signed_by_one(struct arena *a, str text, str method, str signature, const str *certificates, size_t n) {
    u8 digest[HASH_MAX];
    for (size_t i = 0; i < LENGTH(methods); i++) {
        if (!str_eq(method, str_of(methods[i].name))) continue;
        size_t length = hash_once(methods[i].hash, text, digest);
        str value = methods[i].curve ? ecdsa_der(a, signature) : signature;
        for (size_t k = 0; k < n; k++) {
            struct keypair *key = keypair_of_certificate(a, certificates[k]);
            bool curve = key && keypair_kind(key) >= KEYPAIR_P256 && keypair_kind(key) <= KEYPAIR_P521;
            bool rsa = key && keypair_kind(key) <= KEYPAIR_RSA_4096;
            if (!(methods[i].curve ? curve : rsa) || !value.p) continue;
            if (keypair_verify(key, curve ? SIGNATURE_ECDSA : SIGNATURE_PKCS1, methods[i].hash, (str){(char *)digest, length}, value)) return true;
        }
    }
    return false;
}

static const char *judge(struct arena *a, xmlDoc *document, const xmlNode *owner, const xmlNode *signature, const str *certificates, size_t n, str *text) {
    const xmlNode *info = only_child(signature, DSIG, "SignedInfo"), *value = only_child(signature, DSIG, "SignatureValue");
    const xmlNode *reference = info ? only_child(info, DSIG, "Reference") : NULL;
    const xmlNode *form = info ? only_child(info, DSIG, "CanonicalizationMethod") : NULL;
    struct form f;
    str bytes, signed_info;
    if (!value || !reference || !form || !form_read(a, form, &f) || !bytes_of(a, value, &bytes)) return "the signature is not of a form that is known";
    if (!digest_right(a, document, owner, signature, reference, text)) return "the digest is another";
    if (!canonical(a, document, &(struct part){info, NULL}, &f, &signed_info)) return "the signature has no canonical form";
    str method = algorithm_of(a, only_child(info, DSIG, "SignatureMethod"));
    return signed_by_one(a, signed_info, method, bytes, certificates, n) ? NULL : "no known certificate made the signature";
}

static const char *find_and_judge(struct arena *a, xmlDoc *document, const str *certificates, size_t n, str *text) {
    const xmlNode *root = document->intSubset ? NULL : xml.root(document);
    if (!root) return "not such a document";
    for (const xmlNode *child = root->children; child; child = child->next) {
        const xmlNode *signature = child->type == XML_ELEMENT_NODE ? only_child(child, DSIG, "Signature") : NULL;
        if (signature) return judge(a, document, child, signature, certificates, n, text);
    }
    const xmlNode *signature = only_child(root, DSIG, "Signature");
    return signature ? judge(a, document, root, signature, certificates, n, text) : "not signed";
}

bool xml_signature_verify(struct arena *a, str document, const str *certificates, size_t n, str *signed_text, const char **problem) {
    enum { QUIET = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING };
    *problem = "libxml2 is not installed";
    if (!ready()) return false;
    *problem = "no XML";
    if (document.n > XML_SIGNED_MAX || !utf8_valid(document) || str_find(document, S("<!DOCTYPE")) != STR_NONE) return false;
    xmlDoc *tree = xml.read(document.p, (int)document.n, NULL, "UTF-8", QUIET);
    if (!tree) return false;
    *problem = find_and_judge(a, tree, certificates, n, signed_text);
    xml.free_document(tree);
    return *problem == NULL;
}
