//! Tests of what servers write of themselves.

use super::*;

#[test]
fn notes_and_what_is_none() {
    for (line, expected) in [
        (
            r#"{"kind":"Event","auditID":"a","stage":"RequestReceived","verb":"get"}"#,
            true,
        ),
        (
            r#"{"kind":"Event","auditID":"a","stage": "ResponseStarted","verb":"get"}"#,
            true,
        ),
        (
            r#"{"kind":"Event","auditID":"a","stage":"ResponseComplete","verb":"get"}"#,
            false,
        ),
        (
            r#"{"level":"info","ts":1.5,"logger":"tls.obtain","msg":"lock acquired"}"#,
            true,
        ),
        (
            r#"{"level":"error","ts":1.5,"logger":"http.log.error","msg":"x","status":403}"#,
            true,
        ),
        (
            r#"{"level":"info","ts":1.5,"logger":"http.log.access","msg":"x","status":"torn"#,
            false,
        ),
        (
            "I0310 09:42:59.123456       7 store.go:190] \"Found ingress\"",
            true,
        ),
        ("[10-Mar-2026 09:42:59] NOTICE: fpm is running, pid 1", true),
        (
            "2026-03-10T09:42:59.123456Z\tinfo\tEnvoy proxy is ready",
            true,
        ),
        (
            "time=\"2026-03-10T09:42:59Z\" level=info msg=\"Configuration loaded from flags.\"",
            true,
        ),
        ("level=info msg=torn status=403", false),
        ("<-- GET /a", true),
        (
            "Feb 25 16:19:38 10.0.0.2 haproxy[1]: Proxy web started.",
            true,
        ),
        (
            "haproxy[1]: Server app/a is DOWN, reason: Layer4 timeout",
            true,
        ),
        (
            "haproxy[1]: Connect from 192.0.2.1:1 to 10.0.0.1:80 (web/HTTP)",
            true,
        ),
        (
            "haproxy[1]: 192.0.2.1:56 [25/Feb/2026:16:20:10.111] web/1: SSL handshake failure",
            true,
        ),
        (
            "192.0.2.1:56 [25/Feb/2026:16:20:10.111] web/1: Connection closed during SSL handshake",
            true,
        ),
        (
            "haproxy[1]: 192.0.2.1:56 [25/Feb/2026:16:20:10.111] web app/a 1/2/3",
            false,
        ),
        (
            "2026-03-10 09:43:01 203.0.113.8 64388 10.0.0.1 80 - - - - - Timer_ConnectionIdle -",
            true,
        ),
        (
            "2026-03-10 09:43:01 ::1%0 64388 ::1%0 80 - - - - - - Timer_MinBytesPerSecond -",
            true,
        ),
        (
            "2026-03-10 09:43:01 203.0.113.8 64388 10.0.0.1 80 HTTP/1.1 GET / - - - Timer_EntityBody -",
            false,
        ),
        (
            "2026/03/10 09:43:00 [error] 29#29: *1 access forbidden by rule, client: 192.0.2.1",
            true,
        ),
        (
            "[Tue Mar 10 09:43:00.123456 2026] [authz_core:error] [pid 7:tid 8] AH01630: denied",
            true,
        ),
        ("2026-03-10 09:43:00.123456 [NOTICE] [7] started", true),
        (
            "[2026-03-10 09:43:00 +0000] [7] [INFO] Booting worker with pid: 7",
            true,
        ),
        (
            "/docker-entrypoint.sh: Configuration complete; ready for start up",
            true,
        ),
        (
            r#"{"timestamp":"2026-03-10T09:43:00Z","flow_id":7,"event_type":"fileinfo","http":{"url":"/a","status":200}}"#,
            true,
        ),
        (
            r#"{"timestamp":"2026-03-10T09:43:00Z","flow_id":7,"event_type":"http","http":{"url":"/a","status":2000}}"#,
            false,
        ),
        (
            r#"{"_path":"conn","_write_ts":"2026-03-10T09:43:00Z","proto":"tcp"}"#,
            true,
        ),
        (
            r#"{"type":"log","@timestamp":"2026-03-10T09:43:00Z","tags":["info"],"message":"Server running"}"#,
            true,
        ),
        (
            r#"{"level":"info","method":"GET","msg":"Send static file","uri":"/a"}"#,
            true,
        ),
        (r#"{"method":"GET","uri":"/a","time":"yesterday"}"#, false),
        (
            r#"{"level":"info","msg":"access","status":"403","method":"?"}"#,
            false,
        ),
        (r#"{"level":"info","msg":"access","http_code":403}"#, false),
        (r#"{"level":"info","msg":"torn"#, false),
        (r#"{"log":"192.0.2.1 - - torn","stream":"stdout"}"#, false),
        (
            r#"{"message":"2026-03-10 09:43:00 192.0.2.1 GET /a - 443 torn"}"#,
            false,
        ),
        (r#"{"message":"192.0.2.1 \"GET / HTTP/1.1\" torn"}"#, false),
        (
            r#"79a5 bucket [10/Mar/2026:09:43:00 +0000] - AmazonS3 3E57427F S3.EXPIRE.OBJECT a.txt "-" - - - 317 - - "-" "-" -"#,
            true,
        ),
        (
            r#"79a5 bucket [10/Mar/2026:09:43:00 +0000] 192.0.2.1 - 3E57427F REST.GET.OBJECT a.txt "GET"#,
            false,
        ),
        (
            r#"[2026-03-10 09:43:00 +0100] info [cpaneld] 192.0.2.1 - ann "POST /login/ HTTP/1.1" FAILED LOGIN"#,
            true,
        ),
        (
            "[info] 2026-03-10T09:43:00.579985Z nonode@nohost <0.216.0> -------- Apache CouchDB has started.",
            true,
        ),
        (
            "[Tue, 10 Mar 2026 09:43:00 GMT] [error] [<0.21628.104>] {error_report,<0.31.0>,",
            true,
        ),
        ("                     {mochiweb_request,get,2,", true),
        ("[info] 2026-03-10T09:43:00.579985Z started", true),
        ("2026-03-10 09:43:00,123 INFO started in 403 ms", true),
        ("2026-03-10 09:43:00,123 INFO 192.0.2.1 was told 403", false),
        ("2026-03-10 09:43:00,123 INFO GET /a", false),
        ("INFO:     Application startup complete.", true),
        ("Information about 192.0.2.1", false),
        (
            " * Running on http://127.0.0.1:5000/ (Press CTRL+C to quit)",
            true,
        ),
        ("[Tue Mar 10 09:43:00 2026] 192.0.2.1:4444 Accepted", true),
        (
            "[Tue Mar 10 09:43:00 2026] 192.0.2.1:4444 [200]: GET /a",
            false,
        ),
        (
            "Mar 10 09:43:00 sogod [26818]: SOGoRootPage Login from '192.0.2.1' for user 'ann' might not have worked",
            true,
        ),
        ("Mar 10 09:43:00 sogod [a]: x", false),
        ("2026/03/10 09:43:00 [error", true),
        ("2026/03/10 09:43:00 GET /a 403", false),
        ("hello", false),
    ] {
        assert_eq!(is_note(line.as_bytes()), expected, "{line}");
    }
}
