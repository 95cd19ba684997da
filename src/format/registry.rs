//! The formats, one line each. Their order is the order in which a strange line is offered to them.

use super::delimiters::Delimiters;
use super::envelope::{Envelope, Enveloped};
use super::lines::{Line, Visitor, visit};
use super::others::Others;
use super::preset::{self, Preset};
use super::template::Template;
use super::{
    BuiltIn, Format, FormatError, azure_storage, cef, csv, gorouter, haproxy, iis, json, logfmt,
    ltsv, ncsa, pairs, quoted, swift, transaction, w3c,
};
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::Clock;
use std::sync::LazyLock;

/// A format as `forbid-logs formats` lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Name, as `--log-format` takes it.
    pub name: &'static str,
    /// Other names for the same.
    pub aliases: &'static [&'static str],
    /// What it is, in one line.
    pub description: &'static str,
}

macro_rules! formats {
    ($($variant:ident($parser:ty): $name:literal, $aliases:expr, $description:literal;)*) => {
        const KNOWN: &[Known] = &[$(
            Known { name: $name, aliases: &$aliases, description: $description },
        )*];

        /// The parser of a file; `visit` looks at it once per chunk.
        #[derive(Debug, Clone)]
        pub(super) enum Parser {
            $(
                #[doc = $description]
                $variant($parser),
            )*
            /// A compiled format string.
            Template(Template),
            /// Format strings that are known by name.
            Preset(&'static Preset),
        }

        impl Format for Parser {
            fn name(&self) -> String {
                match self {
                    $(Parser::$variant(parser) => parser.name(),)*
                    Parser::Template(parser) => parser.name(),
                    Parser::Preset(parser) => parser.name(),
                }
            }

            fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
                match self {
                    $(Parser::$variant(parser) => parser.parse(line, clock),)*
                    Parser::Template(parser) => parser.parse(line, clock),
                    Parser::Preset(parser) => parser.parse(line, clock),
                }
            }
        }

        impl Parser {
            /// Every built-in format as the sample shapes it, with its name in the registry.
            pub(super) fn learn_all(
                sample: &[&[u8]],
                directives: &[&[u8]],
                settings: &FormatSettings,
            ) -> Result<Vec<(&'static Known, Parser)>, FormatError> {
                let parsers =
                    [$(Parser::$variant(<$parser>::learn(sample, settings)?.directed(directives, sample))),*];
                let presets = preset::all().iter().map(|preset| (preset.known, Parser::Preset(preset)));
                Ok(KNOWN.iter().zip(parsers).chain(presets).collect())
            }

            /// Whether a line with these delimiters may be of the format: one that may not need not be offered to it.
            pub(super) fn may_read(&self, delimiters: &Delimiters) -> bool {
                match self {
                    Parser::Preset(parser) => parser.may_read(delimiters),
                    _ => true,
                }
            }

            /// Whether lines are read by the quotes that come with them.
            pub(super) fn reads_by_quotes(&self) -> bool {
                matches!(self, Parser::Ncsa(_))
            }

            /// Visits lines of a chunk, each of which may come in an envelope.
            pub(super) fn visit<'c, V: Visitor>(
                &self,
                envelope: Option<&Envelope>,
                others: &Others,
                clock: Clock,
                lines: impl Iterator<Item = Line<'c>>,
                visitor: &mut V,
            ) {
                match (self, envelope) {
                    $((Parser::$variant(parser), None) => visit(parser, others, clock, lines, visitor),)*
                    (Parser::Template(parser), None) => visit(parser, others, clock, lines, visitor),
                    (Parser::Preset(parser), None) => visit(*parser, others, clock, lines, visitor),
                    $((Parser::$variant(parser), Some(envelope)) => {
                        visit(&Enveloped { envelope, parser }, others, clock, lines, visitor)
                    })*
                    (Parser::Template(parser), Some(envelope)) => {
                        visit(&Enveloped { envelope, parser }, others, clock, lines, visitor)
                    }
                    (Parser::Preset(parser), Some(envelope)) => {
                        visit(&Enveloped { envelope, parser: *parser }, others, clock, lines, visitor)
                    }
                }
            }
        }
    };
}

formats! {
    Swift(swift::Swift): "swift.storage", [],
        "OpenStack Swift's account, container and object servers";
    Ncsa(ncsa::Ncsa): "ncsa", ["combined", "common", "nginx.combined", "apache.combined", "apache.common", "traefik.clf"],
        "NCSA common and combined, as nginx and Apache write them, with or without a virtual host in front and fields behind";
    Json(json::Json): "json", ["caddy", "traefik", "traefik.json", "nginx.json", "ecs"],
        "one JSON object per line: hand-written nginx formats, Caddy, Traefik, ECS; other keys with --map";
    W3c(w3c::W3c): "w3c", ["iis", "cloudfront", "httperr", "w3c.extended"],
        "W3C extended logs, whose #Fields line names the fields: IIS, HTTPERR, CloudFront and others";
    Haproxy(haproxy::Haproxy): "haproxy", ["httplog", "httpslog"],
        "HAProxy option httplog, httpslog and tcplog, with or without a syslog header";
    Pairs(pairs::Pairs): "pairs", ["f5.asm", "f5.splunk", "zscaler.splunk"],
        "key=value pairs with commas or tabs between: F5's ASM and iRules, Zscaler's feed";
    Logfmt(logfmt::Logfmt): "logfmt", ["heroku.router"],
        "key=value pairs with the usual names, as Heroku's router writes them";
    Transactions(transaction::Transactions): "modsecurity.serial", ["modsecurity.native", "coraza.native"],
        "ModSecurity's and Coraza's serial audit logs: a transaction between boundaries";
    Ltsv(ltsv::Ltsv): "ltsv", [],
        "label:value pairs with tabs between, with the labels of ltsv.org and the usual names";
    Iis(iis::Iis): "iis.native", [],
        "IIS's own format, with commas between the fields";
    Csv(csv::Csv): "csv", [],
        "comma-separated values under a row of names, with the usual names";
    Gorouter(gorouter::Gorouter): "gorouter", ["cloudfoundry"],
        "Cloud Foundry's router, and the nginx before its Cloud Controller";
    AzureStorage(azure_storage::AzureStorage): "azure.storage.classic", ["azure.storage.analytics"],
        "Azure Storage's classic log, with semicolons";
    Cef(cef::Cef): "cef", ["imperva", "incapsula"],
        "requests in the Common Event Format, as Imperva's firewall sends them";
    Quoted(quoted::QuotedFields): "ncsa_quoted", ["gcore", "glassfish"],
        "NCSA's fields, each in quotes: G-Core's CDN, GlassFish";
    Loose(ncsa::Loose): "ncsa_like", [],
        "lines like NCSA's with a field more or less, where no other format takes them";
}

/// The built-in formats.
pub fn list() -> &'static [Known] {
    static ALL: LazyLock<Vec<Known>> = LazyLock::new(|| {
        let presets = preset::all().iter().map(|preset| *preset.known);
        KNOWN
            .iter()
            .chain(json::services())
            .copied()
            .chain(presets)
            .collect()
    });
    &ALL
}

impl Known {
    /// Whether `name` names this format. `ncsa.combined.vhost`, as shown to users, is an `ncsa`.
    pub(super) fn is_named(&self, name: &str) -> bool {
        let variant = name
            .strip_prefix(self.name)
            .is_some_and(|rest| rest.starts_with('.'));
        let own = name == self.name || variant || self.aliases.contains(&name);
        own || self.name == "json" && json::services().any(|service| service.is_named(name))
    }
}
