//! Lines of Apache's error log, and what they say.

use super::*;

fn about_of(rest: &str) -> Option<About<'_>> {
    let told = read(rest.as_bytes()).expect("a line of Apache");
    assert_eq!(told.local_ms, 1_773_135_542_292);
    told.about
}

const HEAD: &str = "[Tue Mar 10 09:39:02.292240 2026]";

#[test]
fn every_message_that_denies() {
    let client = "[pid 1:tid 2] [client 192.0.2.1:47157]";
    let error = "[pid 1:tid 2] (13)Permission denied: [client 192.0.2.1:0]";
    for (module, head, message, kind, target) in [
        (
            "authz_core",
            client,
            "AH01630: client denied by server configuration: proxy:http://127.0.0.1:9/.env",
            Kind::Require,
            Target::File(b"proxy:http://127.0.0.1:9/.env"),
        ),
        (
            "authz_core",
            client,
            "AH01630: client denied by server configuration: /srv/www/a, referer: http://x/",
            Kind::Require,
            Target::File(b"/srv/www/a"),
        ),
        (
            "authz_core",
            client,
            "AH01630: client denied by server configuration: uri /x",
            Kind::Require,
            Target::Asked(b"/x"),
        ),
        (
            "access_compat",
            client,
            "AH01797: client denied by server configuration: /srv/a",
            Kind::Require,
            Target::File(b"/srv/a"),
        ),
        (
            "evasive20",
            client,
            "client denied by server configuration: proxy:http://127.0.0.1:9/search",
            Kind::Evasive,
            Target::File(b"proxy:http://127.0.0.1:9/search"),
        ),
        (
            "authz_core",
            client,
            "AH01631: user bob: authorization failure for \"/x\": ",
            Kind::AuthorizationFailed,
            Target::Asked(b"/x"),
        ),
        (
            "autoindex",
            client,
            "AH01276: Cannot serve directory /srv/www/files/: No matching DirectoryIndex (index.html) found, and server-generated directory index forbidden by Options directive",
            Kind::ApacheDirectory,
            Target::File(b"/srv/www/files/"),
        ),
        (
            "core",
            error,
            "AH00132: file permissions deny server access: /srv/www/a.txt",
            Kind::ApacheFile,
            Target::File(b"/srv/www/a.txt"),
        ),
        (
            "core",
            error,
            "AH00035: access to /x denied (filesystem path '/srv/x') because search permissions are missing on a component of the path",
            Kind::ApacheFile,
            Target::Asked(b"/x"),
        ),
        (
            "ssl",
            client,
            "AH02229: access to /srv/x failed, reason: SSL requirement expression not fulfilled",
            Kind::ApacheSslRequire,
            Target::Unknown,
        ),
        (
            "ssl",
            client,
            "AH02219: access to /srv/x failed, reason: SSL connection required",
            Kind::ApacheTls,
            Target::Unknown,
        ),
        (
            "rewrite",
            client,
            "AH00670: Options FollowSymLinks and SymLinksIfOwnerMatch are both off, so the RewriteRule directive is also forbidden due to its similar ability to circumvent directory restrictions : /srv/x",
            Kind::ApacheConfiguration,
            Target::Unknown,
        ),
        (
            "core",
            "(36)File name too long: [client 192.0.2.1:46104]",
            "AH00036: access to /x failed (filesystem path '/srv/x')",
            Kind::ApachePath,
            Target::Unknown,
        ),
        (
            "rewrite",
            client,
            "AH10411: Rewritten query string contains control characters or spaces",
            Kind::ApacheTarget,
            Target::Unknown,
        ),
    ] {
        let line = format!("{HEAD} [{module}:error] {head} {message}");
        let about = about_of(&line).unwrap_or_else(|| panic!("{line}"));
        assert_eq!((about.said.kind, about.target), (kind, target), "{message}");
        assert_eq!(about.client, b"192.0.2.1");
    }
}

#[test]
fn modsecurity_names_the_client_twice() {
    let line = format!(
        "{HEAD} [security2:error] [pid 1:tid 2] [client 2001:db8::1:0] [client 2001:db8::1] ModSecurity: Access denied with code 403 (phase 2). Operator GE matched 5 at TX:anomaly_score. [file \"/usr/share/crs/REQUEST-949.conf\"] [line \"94\"] [id \"949110\"] [msg \"Inbound Anomaly Score Exceeded (Total Score: 10)\"] [uri \"/p\"] [unique_id \"aa_mo\"]"
    );
    let about = about_of(&line).unwrap();
    assert_eq!(about.client, b"2001:db8::1");
    assert_eq!(
        (about.id, about.target),
        (&b"aa_mo"[..], Target::Asked(b"/p"))
    );
    assert_eq!(about.said.rule, b"949110");
}

#[test]
fn what_denies_nothing_says_nothing() {
    for rest in [
        "[mpm_event:notice] [pid 1:tid 1] AH00489: Apache/2.4 configured",
        "[proxy:error] [pid 1:tid 2] [client 192.0.2.1:1] AH00898: Error reading from remote server",
        "[core:info] [pid 1:tid 2] [client 192.0.2.1:1] client denied by server configuration: /x",
        "[auth_basic:error] [pid 1:tid 2] [client 192.0.2.1:1] AH01617: user bob: authentication failure for \"/x\": Password Mismatch",
    ] {
        let line = format!("{HEAD} {rest}");
        assert_eq!(about_of(&line), None, "{rest}");
    }
    for line in [&b"[10/Mar/2026:09:39:02 +0000] x"[..], b"[x]", b"", b"["] {
        assert_eq!(read(line), None);
    }
}
