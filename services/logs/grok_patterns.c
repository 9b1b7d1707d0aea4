/* The names that a grok pattern may use. What a row's text names is another row; groups that it names itself become fields
 * beside the one that the customer names. All other groups of it are without a number. */
#include "grok.h"

/* A mark behind a field's name says what becomes of its text: '#' a number, '@' a time of access logs in ISO 8601. */
#define REQUEST "\"%{WORD:http_method} %{NOTSPACE:request} HTTP/%{BASE10NUM:http_version}\" %{NONNEGINT:status_code#} (?:%{NONNEGINT:response_size#}|-)"
#define ACCESS "%{IPORHOST:remote_host} (?:-|%{NOTSPACE}) (?:-|%{NOTSPACE:auth_user}) \\[%{HTTPDATE:timestamp@}\\] " REQUEST

const struct grok_pattern grok_patterns[] = {
    {"USERNAME", 20, "[a-zA-Z0-9._-]+"},
    {"USER", 20, "[a-zA-Z0-9._-]+"},
    {"INT", 20, "[+-]?[0-9]+"},
    {"BASE10NUM", 20, "[+-]?(?:[0-9]+(?:\\.[0-9]+)?|\\.[0-9]+)"},
    {"NUMBER", 20, "%{BASE10NUM}"},
    {"BASE16NUM", 20, "[+-]?(?:0x)?[0-9A-Fa-f]+"},
    {"POSINT", 20, "\\b[1-9][0-9]*\\b"},
    {"NONNEGINT", 20, "\\b[0-9]+\\b"},
    {"WORD", 20, "\\b\\w+\\b"},
    {"NOTSPACE", 5, "\\S+"},
    {"SPACE", 5, "\\s*", .costly = true},
    {"DATA", 5, ".*?", .costly = true, .rest = true},
    {"GREEDYDATA", 5, ".*", .costly = true, .rest = true},
    {"GREEDYDATA_MULTILINE", 1, "(?s:.*)", .costly = true, .rest = true},
    {"QUOTEDSTRING", 20, "(?:\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*')", .quoted = true},
    {"UUID", 20, "[A-Fa-f0-9]{8}(?:-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}"},
    {"URN", 20, "[uU][rR][nN]:[0-9A-Za-z][0-9A-Za-z-]{0,31}:[0-9A-Za-z()+,.:=@;$_!*'/?#%-]+"},
    {"ARN", 5, "arn:(?:aws-cn|aws-us-gov|aws):[A-Za-z0-9-]+:[a-z0-9-]+:[0-9]{12}:[^\\s/]+(?:/[^\\s/]+){0,4}"},
    {"CISCOMAC", 20, "(?:[A-Fa-f0-9]{4}\\.){2}[A-Fa-f0-9]{4}"},
    {"WINDOWSMAC", 20, "(?:[A-Fa-f0-9]{2}-){5}[A-Fa-f0-9]{2}"},
    {"COMMONMAC", 20, "(?:[A-Fa-f0-9]{2}:){5}[A-Fa-f0-9]{2}"},
    {"MAC", 20, "(?:%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC})"},
    {"IPV4", 20, "(?<![0-9])(?:(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})\\.){3}(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})(?![0-9])"},
    {"IPV6", 5,
     "(?:(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){6}%{IPV4}|(?:[0-9A-Fa-f]{1,4}:){1,6}:[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,5}(?::[0-9A-Fa-f]{1,4}){2}|"
     "(?:[0-9A-Fa-f]{1,4}:){1,4}(?::[0-9A-Fa-f]{1,4}){3}|(?:[0-9A-Fa-f]{1,4}:){1,3}(?::[0-9A-Fa-f]{1,4}){4}|(?:[0-9A-Fa-f]{1,4}:){1,2}(?::[0-9A-Fa-f]{1,4}){5}|"
     "[0-9A-Fa-f]{1,4}:(?::[0-9A-Fa-f]{1,4}){6}|(?:[0-9A-Fa-f]{1,4}:){1,5}:%{IPV4}|::(?:[0-9A-Fa-f]{1,4}:){0,5}%{IPV4}|:(?::[0-9A-Fa-f]{1,4}){1,7}|"
     "(?:[0-9A-Fa-f]{1,4}:){1,7}:|::)"},
    {"IP", 5, "(?:%{IPV6}|%{IPV4})"},
    {"HOSTNAME", 5, "\\b[0-9A-Za-z][0-9A-Za-z-]{0,62}(?:\\.[0-9A-Za-z][0-9A-Za-z-]{0,62})*(?:\\.|\\b)"},
    {"HOST", 5, "%{HOSTNAME}"},
    {"IPORHOST", 5, "(?:%{IP}|%{HOSTNAME})"},
    {"HOSTPORT", 5, "%{IPORHOST}:%{POSINT:PORT}"},
    {"URIHOST", 5, "%{IPORHOST}(?::%{POSINT:port})?"},
    {"UNIXPATH", 20, "(?:/[^/\\s]*)+"},
    {"WINPATH", 5, "(?:[A-Za-z]+:|\\\\)(?:\\\\[^\\\\?*\\r\\n]*)+"},
    {"PATH", 5, "(?:%{UNIXPATH}|%{WINPATH})"},
    {"TTY", 20, "/dev/(?:pts/[0-9]+|tty\\w*)"},
    {"URIPROTO", 20, "[A-Za-z]+(?:\\+[A-Za-z+]+)?"},
    {"URIPATH", 20, "(?:/[A-Za-z0-9$.+!*'(){},~:;=@#%&_-]*)+"},
    {"URIPARAM", 5, "\\?[A-Za-z0-9$.+!*'|(){},~@#%&/=:;_?\\-\\[\\]<>]*", .costly = true},
    {"URIPATHPARAM", 5, "%{URIPATH}(?:%{URIPARAM})?", .costly = true},
    {"URI", 5, "%{URIPROTO}://(?:%{USER}(?::[^@\\s]*)?@)?(?:%{IPORHOST}(?::%{POSINT})?)?(?:%{URIPATHPARAM}|%{URIPARAM})?", .costly = true},
    {"MONTH", 20, "\\b(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\\b"},
    {"MONTHNUM", 20, "(?:1[0-2]|0?[1-9])"},
    {"MONTHNUM2", 20, "(?:1[0-2]|0[1-9])"},
    {"MONTHDAY", 20, "(?:3[01]|[12][0-9]|0?[1-9])"},
    {"YEAR", 20, "(?:[0-9]{4}|[0-9]{2})"},
    {"DAY", 20, "(?:Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)"},
    {"HOUR", 20, "(?:2[0-3]|[01]?[0-9])"},
    {"MINUTE", 20, "[0-5][0-9]"},
    {"SECOND", 20, "(?:60|[0-5]?[0-9])(?:[.:,][0-9]+)?"},
    {"TIME", 20, "%{HOUR}:%{MINUTE}:%{SECOND}"},
    {"DATE_US", 20, "%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}"},
    {"DATE_EU", 20, "%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}"},
    {"ISO8601_TIMEZONE", 20, "(?:Z|[+-]%{HOUR}:?%{MINUTE})"},
    {"ISO8601_SECOND", 20, "%{SECOND}"},
    {"TIMESTAMP_ISO8601", 20, "%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?(?:%{ISO8601_TIMEZONE})?"},
    {"DATE", 20, "(?:%{DATE_US}|%{DATE_EU})"},
    {"DATESTAMP", 20, "%{DATE}[ -]%{TIME}"},
    {"TZ", 20, "(?:[PMCE][SD]T|UTC)"},
    {"DATESTAMP_RFC822", 20, "%{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ}"},
    {"DATESTAMP_RFC2822", 20, "%{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} %{ISO8601_TIMEZONE}"},
    {"DATESTAMP_OTHER", 20, "%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{TZ} %{YEAR}"},
    {"DATESTAMP_EVENTLOG", 20, "%{YEAR}%{MONTHNUM2}%{MONTHDAY}%{HOUR}%{MINUTE}%{SECOND}"},
    {"LOGLEVEL", 20, "(?i:alert|trace|debug|notice|info|warn(?:ing)?|err(?:or)?|crit(?:ical)?|fatal|severe|emerg(?:ency)?)"},
    {"HTTPDATE", 20, "%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT}"},
    {"SYSLOGTIMESTAMP", 20, "%{MONTH} +%{MONTHDAY} %{TIME}"},
    {"PROG", 20, "[A-Za-z0-9._/%-]+"},
    {"SYSLOGPROG", 20, "%{PROG:program}(?:\\[%{POSINT:pid}\\])?"},
    {"SYSLOGHOST", 5, "(?:%{IP}|%{HOST})"},
    {"SYSLOGFACILITY", 20, "<%{NONNEGINT:facility}\\.%{NONNEGINT:priority}>"},
    {"APACHE_ACCESS_LOG", 1, ACCESS, .whole = true},
    {"NGINX_ACCESS_LOG", 1, ACCESS " \"(?:-|%{DATA:referrer})\" \"(?:-|%{DATA:agent})\"", .whole = true},
    {"SYSLOG5424", 1,
     "<%{NONNEGINT:pri#}>%{NONNEGINT:version#} (?:-|%{TIMESTAMP_ISO8601:timestamp}) (?:-|%{NOTSPACE:hostname}) (?:-|%{NOTSPACE:app}) (?:-|%{NOTSPACE:proc_id}) "
     "(?:-|%{NOTSPACE:msg_id}) (?:-|\\[%{DATA:structured_data}\\]) ?%{DATA:message}",
     .whole = true},
};

const struct grok_pattern *grok_pattern_of(str name) {
    for (size_t i = 0; i < LENGTH(grok_patterns); i++)
        if (str_eq(str_of(grok_patterns[i].name), name)) return &grok_patterns[i];
    return NULL;
}
