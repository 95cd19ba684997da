//! What to do next, by cause: for whoever runs the server, and for whoever wrote the client.

use crate::findings::{Advice, Cause};

/// The next steps for a cause and its mechanism.
pub fn advice(cause: Cause, mechanism: Option<&str>) -> Advice {
    let (server, client): (&[&str], &[&str]) = match (cause, mechanism) {
        (Cause::RateLimit, Some("capacity")) => (
            &[
                "nothing was blocked: there was no room; add capacity or licences, or let requests wait in a queue",
                "answer 503 with Retry-After instead of 403",
            ],
            &["try again later, with exponential backoff and jitter"],
        ),
        (Cause::RateLimit, _) => (
            &[
                "answer 429 with Retry-After instead of 403, so that clients know to wait",
                "raise the limit, or give known callers a key of their own, if this load is wanted",
            ],
            &[
                "honour Retry-After; without it back off exponentially with jitter",
                "spread the requests below the limit shown in the rule",
            ],
        ),
        (Cause::IpAcl, _) => (
            &[
                "compare the list with the networks in the rule; look for a reload at the onset",
                "check that the real client address reaches the rule (X-Forwarded-For, trusted proxies)",
            ],
            &[
                "check the address you leave from (egress, VPN, hosting network) and ask for it to be allowed",
            ],
        ),
        (Cause::RouteAcl, Some("directory_index")) => (
            &["give the directory an index file, or answer 404 for it"],
            &["ask for a file, not for its directory"],
        ),
        (Cause::RouteAcl, Some("outage")) => (
            &[
                "nothing was blocked: what decides could not be asked; look at the authoriser's or firewall's own log and health at these moments",
                "answer 503 while it fails, so that clients try again",
            ],
            &["try again later: the refusal says nothing about the request"],
        ),
        (Cause::RouteAcl, Some("fault_injection")) => (
            &["a fault is injected by configuration: end the test, or narrow it"],
            &["try again: the refusal says nothing about the request"],
        ),
        (Cause::RouteAcl, Some("configuration" | "file_permission" | "script" | "handler")) => (
            &["mend the configuration or the file's permissions: the error log names the file"],
            &["confirm the URL; the place cannot be read by the server itself"],
        ),
        (Cause::RouteAcl, Some("probe_path")) => (
            &[
                "nothing to repair: hidden files are meant to be denied; drop the scanner's address if it disturbs",
            ],
            &["these paths are not for clients"],
        ),
        (Cause::RouteAcl, _) => (
            &[
                "look for a deny on this location in the last deployment, and for file permissions",
                "if it is meant: answer 404, or link no one there",
            ],
            &["confirm URL and method; the place is closed to everybody"],
        ),
        (Cause::Credential, Some("expired_link")) => (
            &["renew the links where they are embedded, or give them a longer life"],
            &["fetch a fresh link before it expires"],
        ),
        (Cause::Credential, Some("clock_skew")) => (
            &["tell callers to set their clocks: the signature was right but for its time"],
            &["set the clock (NTP); sign again just before sending"],
        ),
        (Cause::Credential, _) => (
            &[
                "look up when this credential was revoked, rotated or expired: the onset tells",
                "answer 401 with WWW-Authenticate, so that clients renew instead of retrying",
            ],
            &[
                "check the credential and its expiry, and that it is sent at all (print the request's headers)",
                "stop retrying with a refused credential",
            ],
        ),
        (Cause::Permission, _) => (
            &[
                "check the role, scope or plan of these callers for this route",
                "say in the answer's body which right is missing",
            ],
            &[
                "print the body of the answer: it may name the missing right",
                "ask for the right, or leave the route alone",
            ],
        ),
        (Cause::Cors, _) => (
            &[
                "allow the new origin, and answer OPTIONS before authentication; look for a deployment at the onset",
            ],
            &[
                "look at Origin and the preflight in the browser's network panel; curl sends neither",
            ],
        ),
        (Cause::RequestShape, Some("hotlink")) => (
            &["nothing to repair if embedding is unwanted; else allow the referer in the rule"],
            &["host the file yourself, or ask for permission to embed it"],
        ),
        (Cause::RequestShape, Some("csrf")) => (
            &[
                "check the life of form tokens and their cookie's domain; look for a deployment at the onset",
            ],
            &["reload the form before sending it; keep cookies between the two"],
        ),
        (Cause::RequestShape, Some("admission")) => (
            &["the caller may do this; a webhook, quota or pod security policy refused the object"],
            &["print the message of the answer: it names the webhook, quota or policy"],
        ),
        (Cause::RequestShape, Some("tls_required")) => (
            &["redirect to https instead of answering 403"],
            &["ask by https"],
        ),
        (Cause::RequestShape, _) => (
            &["answer 405 with Allow if the method is not meant to be used here"],
            &["confirm URL and method; try the same request with curl"],
        ),
        (Cause::BotFilter, Some("waf_signature")) => (
            &[
                "nothing to repair if the requests are attacks; for false alarms look up the rule id in the audit log",
            ],
            &["look for characters in path or query that look like an attack"],
        ),
        (Cause::BotFilter, Some("false_crawler")) => (
            &[
                "nothing to repair: these only bear the crawler's name; renew the published ranges from time to time",
            ],
            &["send an honest User-Agent with a contact, and ask to be allowed"],
        ),
        (Cause::BotFilter, _) => (
            &[
                "check that no wanted crawler or partner is on the list; verify crawlers by their published ranges",
            ],
            &[
                "send an honest User-Agent with a contact, and ask to be allowed",
                "expect a challenge where browsers pass",
            ],
        ),
        (Cause::Undetermined, _) => (
            &["log what would settle it (see below), then wait for the next spike"],
            &[
                "print body and headers of the answer; try the same request with curl, changing one thing at a time",
            ],
        ),
    };
    let owned = |lines: &[&str]| lines.iter().map(|line| line.to_string()).collect();
    Advice {
        server: owned(server),
        client: owned(client),
    }
}

/// What settles a cause where the log names the rule that denied, and nothing tells what that rule is.
pub const GIVE_CONFIGURATION: &str =
    "give --haproxy-conf: the log names the rule that denied, and the rule tells why";

/// What settles a cause where the log names a rule that stands in no configuration that could be given.
pub const LOOK_UP: &str = "look up the rule that the log names, where the firewall or the proxy has it: it tells what it looks at";

/// What to log so that the next spike states its cause.
pub fn settle(cause: Cause) -> &'static str {
    match cause {
        Cause::RateLimit => {
            "log $limit_req_status (nginx) or the stick-table counter (HAProxy) to know for certain"
        }
        Cause::IpAcl => {
            "log the rule that denied: nginx error log at level error, HAProxy last_rule_line, Apache error log"
        }
        Cause::RouteAcl => {
            "read the error log of these moments: it names the rule, the directory or the file"
        }
        Cause::Credential => {
            "log $upstream_status and a fingerprint of the credential, or the authoriser's reason"
        }
        Cause::Permission => {
            "log $upstream_status and the user or key id, or a reason header of the application"
        }
        Cause::Cors => "log the Origin header ($http_origin)",
        Cause::RequestShape => "log the content type and, for forms, the framework's CSRF messages",
        Cause::BotFilter => "log the filter's rule id (ModSecurity audit log, WAF log)",
        Cause::Undetermined => {
            "log $upstream_status, $limit_req_status and a fingerprint of the credential"
        }
    }
}
