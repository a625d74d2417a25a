"""Configurations of carbon-c-relay in the ways that people write them, for compare_import.py.

Each is (what it is, its files, what is not carried over: a text of each note in order). The first file
is the one that is read. `P0` to `P3` stand for ports, `S0` to `S3` for ports of ::1, `DIR` for the folder of
the files.
"""

STYLES = [
    (
        "one server, everything to it",
        {"relay.conf": "cluster graphite forward 127.1.0.1:P0;\nmatch * send to graphite stop;\n"},
        [],
    ),
    (
        "an old and a new ring side by side, as in the manual",
        {
            "relay.conf": """
# the old data centre
cluster dc-old
    carbon_ch replication 2
        127.2.0.1:P0
        127.2.0.2:P0=b
        127.2.0.3:P1=007
    ;
cluster dc-new1 fnv1a_ch replication 2 127.2.1.1:P0 127.2.1.1:P1 127.2.1.2:P0;   # two on a host
cluster dc-new2 jump_fnv1a_ch replication 2
        127.2.2.1:P0=10 127.2.2.2:P0=9
        127.2.2.3:P0=8 127.2.2.4:P0
    ;
match *
    send to dc-old
    ;
match *
    send to
        dc-new1
        dc-new2
    stop
    ;
"""
        },
        [],
    ),
    (
        "sorted by name, with stop, and a black hole",
        {
            "relay.conf": r"""
cluster sys forward 127.3.0.1:P0 127.3.0.2:P0;
cluster apps fnv1a_ch 127.3.1.1:P1 127.3.1.2:P1 127.3.1.3:P1;
cluster rest forward 127.3.0.1:P0;
match
        \.tmp$
        some_legacy
        ^10\.
    send to blackhole
    ;
match ^(servers|host_3)\. [.]cpu-?[a-z0-9]+[.]
    send to sys
    stop;
match ^stats ^timers\. ^gauges\.
    send to apps rest
    stop
    ;
match nginx send to apps;   # falls through
match * send to rest;
"""
        },
        [],
    ),
    (
        "expressions that mean something else elsewhere",
        {
            "relay.conf": r"""
cluster a forward 127.4.0.1:P0; cluster b forward 127.4.0.2:P0; cluster c forward 127.4.0.3:P0;
match ^[[:alpha:]]+[.][^.]*$ send to a;
match w\eb0+? send to b;
match "^db-7\\.|max\\." send to c stop;
match [\]e]b0{,1}1 send to a;
match ()x|ms?$ send to b;
match \bload\b send to c;
match [^-a-z._]{2,} rx)?tx send to a b;
match (s|e)*ta*?t[[:digit:]s]. send to c;
"""
        },
        [],
    ),
    (
        "rewrites with groups before everything else",
        {
            "relay.conf": r"""
cluster ring carbon_ch 127.5.0.1:P0=a 127.5.0.1:P1=b 127.5.0.1:P2=c;
cluster other forward 127.5.0.2:P0;
rewrite ^servers\.([^.]+)\.(.+)$ into hosts.\_1.\2 ;
rewrite ^(stats|timers)\.(.*) into app.\^1\2.\.2;
rewrite ^([a-z]+)\.([a-zA-Z0-9]+)\.([a-z]+) into \3\2.\1;
rewrite -total into _all;
rewrite ^nginx into \\www;
rewrite (rack|eth)([0-9]*) into "\\1-\\2\\1\\_2";
rewrite ([0-9]+)\.([a-z]+)(\.x)? into \2\3.\01_;
match ^hosts\. send to ring stop;
match * send to other;
""",
        },
        [],
    ),
    (
        "rewrites behind matches that they do not touch",
        {
            "relay.conf": r"""
cluster a forward 127.6.0.1:P0;
cluster b jump_fnv1a_ch 127.6.0.2:P0 127.6.0.3:P0;
match ^servers\. ^db send to a stop;
match ^gauges send to blackhole;
rewrite ^stats\.(.*) into counters.\1;
match ^counters\. ^nginx send to b;
rewrite ^web01\.(.*) into hosts.web01.\1;
match ^hosts send to a;
rewrite .(.*) into nobody.sees.this.\1;
"""
        },
        [],
    ),
    (
        "files in files",
        {
            "relay.conf": "include DIR/conf.d/*.conf;\ninclude rules.conf;\n",
            "conf.d/10-clusters.conf": "include DIR/conf.d/members;\n",
            "conf.d/20-more.conf": "cluster second forward [::1]:S0 [::1]:S1;\n",
            "conf.d/members": "cluster first fnv1a_ch replication 2\n  127.7.0.1:P0 127.7.0.2:P0 127.7.0.3:P0\n;\n",
            "rules.conf": "match cpu send to first;\nmatch * send to second;\n",
        },
        [],
    ),
    (
        "validation, not from the beginning: it sees the tags, too",
        {
            "relay.conf": r"""
cluster numbers carbon_ch 127.8.0.1:P0 127.8.0.2:P0 127.8.0.3:P0;
cluster rest forward 127.8.0.4:P0;
match *
    validate [0-9]+\ [0-9]+$ else drop
    ;
match cpu
    validate [0-9.e+-]+\ [0-9.e+-]+$ else log
    send to numbers
    stop;
match * send to rest;
"""
        },
        [
            r"relay.conf:4: validate [0-9]+\ [0-9]+$ else drop",
            r"relay.conf:7: validate [0-9.e+-]+\ [0-9.e+-]+$ else log",
        ],
    ),
    (
        "statistics, aggregates and files beside the rest",
        {
            "relay.conf": r"""
cluster graphite fnv1a_ch replication 1 dynamic 127.9.0.1:P0 127.9.0.2:P1 127.9.0.3:P2 ;
cluster audit file DIR/audit.log ;
statistics
    submit every 10 seconds
    reset counters after interval
    prefix with relays.\_2
    ;
send statistics to graphite stop;
aggregate
        ^no\.such\.thing-[0-9]+
    every 10 seconds
    expire after 35 seconds
    timestamp at start of bucket
    compute sum write to
        no.sum
    compute percentile95 write to
        no.p95
    send to graphite
    stop
    ;
match gc send to audit;
match pause send to audit stop;
match * send to graphite audit;
"""
        },
        [
            "relay.conf:2: cluster graphite: dynamic",
            "relay.conf:3: cluster audit",
            "relay.conf:4: statistics",
            "relay.conf:9: send statistics to",
            "relay.conf:10: aggregate",
            "relay.conf:22: send to audit",
            "relay.conf:22: match: it sends nowhere else",
            "relay.conf:23: send to audit",
            "relay.conf:24: send to audit",
        ],
    ),
    (
        "listeners",
        {
            "relay.conf": """
listen
    type linemode
        DIR/graphite.sock proto unix
        DIR/second.sock proto unix   # for the old agents
    ;
listen type linemode DIR/third.sock proto unix;
cluster only forward 127.10.0.1:P3;
match * send to only;
"""
        },
        [],
    ),
    (
        "any_of",
        {
            "relay.conf": """
cluster relays any_of 127.11.0.1:P0 127.11.0.2:P0 127.11.0.3:P0 127.11.0.1:P1;
cluster all forward 127.11.0.9:P0;
rewrite ^(web)[0-9]+ into \\1;
match ^web send to relays all;
match ^s send to relays stop;
match * send to all;
"""
        },
        [],
    ),
    (
        "failover",
        {
            "relay.conf": """
cluster main failover useall
   127.12.0.1:P0   # first
   127.12.0.2:P0   # if that is gone
;
cluster copy any_of 127.12.0.3:P0 127.12.0.4:P0;
match ^stats send to blackhole stop;
match * send to main copy;
"""
        },
        ["relay.conf:2: cluster main: useall"],
    ),
    (
        "comments, blanks and quotes in odd places",
        {
            "relay.conf": """#!/usr/bin/carbon-c-relay -f
  # cluster no forward 1.2.3.4;
cluster\t"big one"#
#;
forward # ; match
127.13.0.1:P0;;
""".replace(";;", ";")
            + """cluster b.c forward 127.13.0.2:P0=it type linemode transport plain;match foo#
sent # two expressions
"cpu" send#to
to
"big one" b.c # not the last
stop;
#

match"heap"send to b.c;match * send to "big one"
;
""",
        },
        [],
    ),
]
