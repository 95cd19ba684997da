//! What a condition of HAProxy looks at, and so for which causes a rule denies that has it.
//!
//! A condition is a list of tests, joined by *and* unless `or` stands between: names of access lists, or tests
//! in braces. Places, hosts and methods mostly only say *where* a rule holds: they are its ground where
//! nothing else is. A count is the ground wherever there is one. What cannot be told apart is left open.
//!
//! Source: HAProxy's configuration manual, sections 7.1 to 7.4.

use crate::findings::Cause::{self, *};
use crate::format::config::placed::Placed;

/// Why a rule denies, as far as its condition tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::directive) struct Grounds {
    /// One of these; none where the condition does not tell.
    pub(in crate::directive) causes: &'static [Cause],
    /// What exactly.
    pub(in crate::directive) mechanism: Option<&'static str>,
}

/// What a test looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aspect {
    /// How much was counted, or is in flight.
    Count,
    /// A mark that other rules left: a tag, a counter of no set meaning, an entry in a table.
    Mark,
    /// The client's address, or its country.
    Address,
    /// The user agent.
    Agent,
    /// A key, a token, a password, a certificate.
    Credential,
    /// Who the caller is, once that is known.
    User,
    /// A role, a plan, a group.
    Right,
    /// A cookie: of a challenge that was met, or of a login.
    Cookie,
    /// Where a script comes from.
    Origin,
    /// The page that led here.
    Referer,
    /// Whether the connection is encrypted.
    Encryption,
    /// Another header, or the form of the request.
    Shape,
    /// A header of a name that tells nothing.
    Header,
    /// The method.
    Method,
    /// The method of preflights.
    Options,
    /// The host that was asked for.
    Host,
    /// The place.
    Path,
    /// The same for all requests of a moment.
    Switch,
    /// Anything else.
    Unknown,
}

/// One test of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Test {
    aspect: Aspect,
    is_negated: bool,
    /// It only asks whether there is a value.
    is_presence: bool,
    /// It looks at a country.
    is_country: bool,
    /// It counts what is in flight, not what came.
    is_concurrency: bool,
}

/// Aspects that only say where a rule holds, where it has another ground.
const SCOPES: [Aspect; 5] = [
    Aspect::Switch,
    Aspect::Path,
    Aspect::Host,
    Aspect::Method,
    Aspect::Options,
];

/// Fetches by the beginning of their name; the first that fits counts. Those that count stand in [`is_count`].
const FETCHES: &[(&str, Aspect)] = &[
    ("src_is_local", Aspect::Address),
    ("src_port", Aspect::Unknown),
    ("src", Aspect::Address),
    ("hdr_ip", Aspect::Address),
    ("req.hdr_ip", Aspect::Address),
    ("req.cook", Aspect::Cookie),
    ("cook", Aspect::Cookie),
    ("http_auth_group", Aspect::Right),
    ("http_auth_user", Aspect::User),
    ("http_auth", Aspect::Credential),
    ("ssl_c_", Aspect::Credential),
    ("ssl_fc_has_crt", Aspect::Credential),
    ("ssl_fc_sni", Aspect::Host),
    ("req.ssl_sni", Aspect::Host),
    ("ssl_fc", Aspect::Encryption),
    ("path", Aspect::Path),
    ("url_param", Aspect::Unknown),
    ("urlp", Aspect::Unknown),
    ("url", Aspect::Path),
    ("base", Aspect::Path),
    ("capture.req.uri", Aspect::Path),
    ("method", Aspect::Method),
    ("capture.req.method", Aspect::Method),
    ("req.body_", Aspect::Shape),
    ("req.ver", Aspect::Shape),
    ("req.proto_http", Aspect::Shape),
    ("req_ver", Aspect::Shape),
    ("nbsrv", Aspect::Switch),
    ("date", Aspect::Switch),
    ("rand", Aspect::Switch),
    ("str(", Aspect::Switch),
    ("bool(", Aspect::Switch),
    ("int(", Aspect::Switch),
    ("always_", Aspect::Switch),
];

/// Access lists that every configuration has.
const PREDEFINED: &[(&str, Aspect)] = &[
    ("LOCALHOST", Aspect::Address),
    ("METH_OPTIONS", Aspect::Options),
    ("METH_", Aspect::Method),
    ("HTTP_CONTENT", Aspect::Shape),
    ("HTTP_1", Aspect::Shape),
    ("HTTP_2", Aspect::Shape),
    ("HTTP_URL_", Aspect::Path),
    ("REQ_CONTENT", Aspect::Shape),
    ("TRUE", Aspect::Switch),
    ("FALSE", Aspect::Switch),
];

/// Headers by their name.
const HEADERS: &[(&str, Aspect)] = &[
    ("user-agent", Aspect::Agent),
    ("referer", Aspect::Referer),
    ("origin", Aspect::Origin),
    ("access-control-request-method", Aspect::Origin),
    ("access-control-request-headers", Aspect::Origin),
    ("host", Aspect::Host),
    ("content-type", Aspect::Shape),
    ("content-length", Aspect::Shape),
    ("transfer-encoding", Aspect::Shape),
    ("x-requested-with", Aspect::Shape),
    ("x-forwarded-for", Aspect::Address),
    ("x-real-ip", Aspect::Address),
    ("cf-connecting-ip", Aspect::Address),
    ("cf-ipcountry", Aspect::Address),
    ("x-forwarded-proto", Aspect::Encryption),
    ("cookie", Aspect::Cookie),
];

/// What names of headers, parameters and variables hold that carry a right, a form's token, or a credential; in this
/// order, for a form's token is none and `X-Auth-Role` is a role.
const WORDS: &[(&str, Aspect)] = &[
    ("csrf", Aspect::Shape),
    ("xsrf", Aspect::Shape),
    ("country", Aspect::Address),
    ("geo", Aspect::Address),
    ("role", Aspect::Right),
    ("plan", Aspect::Right),
    ("scope", Aspect::Right),
    ("group", Aspect::Right),
    ("key", Aspect::Credential),
    ("token", Aspect::Credential),
    ("auth", Aspect::Credential),
    ("secret", Aspect::Credential),
    ("signature", Aspect::Credential),
    ("jwt", Aspect::Credential),
];

impl Test {
    fn of(aspect: Aspect) -> Test {
        Test {
            aspect,
            is_negated: false,
            is_presence: false,
            is_country: false,
            is_concurrency: false,
        }
    }

    fn negated_if(self, is_negated: bool) -> Test {
        Test {
            is_negated: self.is_negated != is_negated,
            ..self
        }
    }

    /// The test that stands in braces, or behind the name of an access list: a sample, flags, values.
    fn parse(words: &[&str]) -> Test {
        let Some((sample, rest)) = words.split_first() else {
            return Test::of(Aspect::Unknown);
        };
        let sample = sample.to_ascii_lowercase();
        let mut converters = sample.split("),").flat_map(|part| part.split(',')).skip(1);
        let looks_up = converters.any(|converter| {
            ["in_table", "table_"]
                .iter()
                .any(|n| converter.starts_with(n))
        });
        let is_count = is_count(&sample);
        let aspect = match looks_up || is_mark(&sample) {
            _ if is_count => Aspect::Count,
            true => Aspect::Mark,
            false => aspect(&sample, rest),
        };
        Test {
            is_presence: rest.windows(2).any(|pair| pair == ["-m", "found"]),
            is_country: ["country", "geo"].iter().any(|word| sample.contains(word)),
            is_concurrency: is_count && !["_rate", "_cnt"].iter().any(|name| sample.contains(name)),
            ..Test::of(aspect)
        }
    }

    /// What a rule with this test alone denies for.
    fn causes(&self) -> &'static [Cause] {
        match self.aspect {
            Aspect::Count => &[RateLimit],
            Aspect::Mark => &[RateLimit, IpAcl, BotFilter],
            Aspect::Address => &[IpAcl],
            Aspect::Agent => &[BotFilter],
            Aspect::Cookie => &[BotFilter, Credential],
            Aspect::Credential => &[Credential],
            Aspect::User => &[Permission, Credential],
            Aspect::Right => &[Permission],
            Aspect::Origin | Aspect::Options => &[Cors],
            Aspect::Referer
            | Aspect::Encryption
            | Aspect::Shape
            | Aspect::Method
            | Aspect::Host => &[RequestShape],
            // It may carry a credential, or give a program away by being there or not.
            Aspect::Header => &[RequestShape, Credential, BotFilter],
            Aspect::Path => &[RouteAcl],
            Aspect::Switch | Aspect::Unknown => &[],
        }
    }

    fn mechanism(&self) -> Option<&'static str> {
        match self.aspect {
            Aspect::Count if self.is_concurrency => Some("concurrency"),
            Aspect::Address if self.is_country => Some("country"),
            Aspect::Address => Some("list"),
            Aspect::Agent => Some("user_agent"),
            Aspect::Credential if self.is_presence && self.is_negated => Some("missing"),
            Aspect::Origin => Some("origin"),
            Aspect::Options => Some("preflight"),
            Aspect::Referer => Some("hotlink"),
            Aspect::Encryption => Some("tls_required"),
            Aspect::Method => Some("method"),
            Aspect::Host => Some("host"),
            Aspect::Right => Some("role"),
            _ => None,
        }
    }
}

/// Whether a sample counts requests, connections, errors or bytes, per entry of a table or altogether.
fn is_count(sample: &str) -> bool {
    let of_table = ["sc_", "sc0_", "sc1_", "sc2_", "src_", "fe_", "be_", "srv_"]
        .iter()
        .any(|kind| sample.starts_with(kind))
        || sample.contains(",table_");
    let counts = ["_rate", "_cnt", "_conn", "kbytes"];
    let is_counted = counts.iter().any(|name| sample.contains(name));
    of_table && is_counted || sample.starts_with("queue") || sample.starts_with("avg_queue")
}

/// Whether a sample is what other rules set.
fn is_mark(sample: &str) -> bool {
    sample.contains("gpc") || sample.contains("gpt")
}

fn aspect(sample: &str, rest: &[&str]) -> Aspect {
    let argument = sample
        .split_once('(')
        .map_or("", |(_, rest)| rest.split([')', ',']).next().unwrap_or(""))
        .trim_matches(['"', '\'']);
    let by_word = || {
        let mut words = WORDS.iter();
        words
            .find(|(word, _)| argument.contains(word))
            .map(|(_, aspect)| *aspect)
    };
    let is_header = ["hdr", "req.hdr", "req.fhdr", "fhdr"]
        .iter()
        .any(|name| sample.starts_with(name))
        && !sample.contains("hdr_ip");
    if is_header {
        let known = HEADERS.iter().find(|(name, _)| *name == argument);
        let known = known.map(|(_, aspect)| *aspect);
        return known.or_else(by_word).unwrap_or(Aspect::Header);
    }
    if ["url_param", "urlp", "var"]
        .iter()
        .any(|name| sample.starts_with(name))
    {
        return by_word().unwrap_or(Aspect::Unknown);
    }
    let known = FETCHES.iter().find(|(name, _)| sample.starts_with(name));
    match known.map_or(Aspect::Unknown, |(_, aspect)| *aspect) {
        Aspect::Method => {
            let mut values = rest.iter().filter(|word| !word.starts_with('-'));
            match values
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case("options"))
            {
                true if values.next().is_none() => Aspect::Options,
                _ => Aspect::Method,
            }
        }
        aspect => aspect,
    }
}

impl Grounds {
    /// What a rule denies for, by the words from its `if` or `unless` on; `lists` are the directives of its section.
    pub(in crate::directive) fn of(condition: &[&str], lists: &[&Placed]) -> Grounds {
        let Some((word, tests)) = condition.split_first() else {
            return Grounds::default();
        };
        let branches = branches(tests, lists);
        let branches = match *word == "unless" {
            false => branches,
            true => opposite(&branches),
        };
        let mut grounds = branches.iter().map(|tests| of_all(tests));
        let first = grounds.next().unwrap_or_default();
        grounds.fold(first, either)
    }
}

/// The tests of a condition: any of the branches holds where all of its tests do.
fn branches(words: &[&str], lists: &[&Placed]) -> Vec<Vec<Test>> {
    let mut branches = vec![Vec::new()];
    let mut is_negated = false;
    let mut at = 0;
    while let Some(&word) = words.get(at) {
        at += 1;
        let bare = word.trim_start_matches('!');
        is_negated ^= (word.len() - bare.len()) % 2 == 1;
        let test = match bare {
            "" => continue,
            "or" | "OR" | "||" => {
                branches.push(Vec::new());
                continue;
            }
            "{" => {
                let rest = words.get(at..).unwrap_or_default();
                let length = rest.iter().position(|word| *word == "}");
                let length = length.unwrap_or(rest.len());
                at += length + 1;
                Test::parse(&rest[..length])
            }
            name => listed(name, lists),
        };
        if let Some(branch) = branches.last_mut() {
            branch.push(test.negated_if(is_negated));
        }
        is_negated = false;
    }
    branches
}

/// The test of an access list; of several lines of one name any may hold, so they must look at one thing.
fn listed(name: &str, lists: &[&Placed]) -> Test {
    let lines = lists.iter().filter(|list| {
        let mut words = list.words.iter();
        words.next().is_some_and(|word| word == "acl")
            && words.next().is_some_and(|word| word == name)
    });
    let mut tests = lines.map(|line| {
        let words = line.words.get(2..).unwrap_or_default();
        Test::parse(&words.iter().map(String::as_str).collect::<Vec<_>>())
    });
    let Some(first) = tests.next() else {
        let known = PREDEFINED.iter().find(|(known, _)| name.starts_with(known));
        return Test::of(known.map_or(Aspect::Unknown, |(_, aspect)| *aspect));
    };
    match tests.all(|test| test.aspect == first.aspect) {
        true => first,
        false => Test::of(Aspect::Unknown),
    }
}

/// What holds where none of these does: told where either each branch is one test, or there is one branch.
fn opposite(branches: &[Vec<Test>]) -> Vec<Vec<Test>> {
    let negated = |tests: &Vec<Test>| tests.iter().map(|test| test.negated_if(true)).collect();
    match branches {
        [one] => {
            let all: Vec<Test> = negated(one);
            all.into_iter().map(|test| vec![test]).collect()
        }
        several if several.iter().all(|tests| tests.len() == 1) => {
            vec![several.iter().flat_map(negated).collect()]
        }
        _ => vec![vec![Test::of(Aspect::Unknown)]],
    }
}

/// What a rule denies for that asks for all of these.
fn of_all(tests: &[Test]) -> Grounds {
    let of = |test: &Test| Grounds {
        causes: test.causes(),
        mechanism: test.mechanism(),
    };
    // However many were counted, and whoever is excepted: without the count nobody would be denied.
    if let Some(count) = tests.iter().find(|test| test.aspect == Aspect::Count) {
        return of(count);
    }
    let has = |aspect: Aspect| tests.iter().any(|test| test.aspect == aspect);
    let grounds: Vec<&Test> = tests
        .iter()
        .filter(|test| !SCOPES.contains(&test.aspect))
        .collect();
    // Addresses that are excepted are not why the others are denied, unless nothing else is.
    let others = grounds
        .iter()
        .filter(|test| !(test.aspect == Aspect::Address && test.is_negated));
    let others: Vec<&Test> = others.copied().collect();
    match (&grounds[..], &others[..]) {
        ([], _) => of_scopes(tests),
        // A place that is closed but for some, or addresses that are not let in there: it is both.
        (_, []) if has(Aspect::Path) => Grounds {
            causes: &[IpAcl, RouteAcl],
            mechanism: None,
        },
        (all, []) => of(all[0]),
        // Keys that are listed for a place may be known, and lack a right there.
        (_, [one]) if one.aspect == Aspect::Credential && !one.is_presence && has(Aspect::Path) => {
            Grounds {
                causes: &[Credential, Permission],
                mechanism: None,
            }
        }
        (_, [first, rest @ ..]) => rest.iter().map(|test| of(test)).fold(of(first), either),
    }
}

/// A rule that only says where it holds: the method before the host before the place.
fn of_scopes(tests: &[Test]) -> Grounds {
    const ORDER: [Aspect; 4] = [Aspect::Options, Aspect::Method, Aspect::Host, Aspect::Path];
    let find = |aspect: Aspect| tests.iter().find(|test| test.aspect == aspect);
    let Some(test) = ORDER.into_iter().find_map(find) else {
        return Grounds::default();
    };
    match test.aspect {
        // All but preflights are denied.
        Aspect::Options if test.is_negated => Grounds {
            causes: &[RequestShape],
            mechanism: Some("method"),
        },
        Aspect::Host if find(Aspect::Path).is_some() => Grounds {
            causes: &[RequestShape, RouteAcl],
            mechanism: None,
        },
        _ => Grounds {
            causes: test.causes(),
            mechanism: test.mechanism(),
        },
    }
}

/// The causes of two tests either of which may be the ground, where one's are among the other's; else none can be
/// told.
fn either(one: Grounds, other: Grounds) -> Grounds {
    let within = |a: Grounds, b: Grounds| {
        !a.causes.is_empty() && a.causes.iter().all(|cause| b.causes.contains(cause))
    };
    let causes = if within(one, other) {
        other.causes
    } else if within(other, one) {
        one.causes
    } else {
        &[]
    };
    Grounds {
        causes,
        mechanism: one.mechanism.filter(|_| one.mechanism == other.mechanism),
    }
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
