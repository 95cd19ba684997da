//! Tests of what values of a meaning look like.

use super::*;

fn assigned<'a>(role: Role, value: &'a str) -> Record<'a> {
    let mut record = Record::default();
    role.assign(
        &mut record,
        Cow::Borrowed(value.as_bytes()),
        &mut Clock::new(None),
    )
    .unwrap();
    record
}

#[test]
fn the_last_upstream_counts() {
    for (value, expected) in [
        ("403", Upstream::Status(403)),
        ("502, 403", Upstream::Status(403)),
        ("403 : 200", Upstream::Status(200)),
        ("-", Upstream::NotAsked),
        ("", Upstream::NotAsked),
        ("502, -", Upstream::Unknown),
        ("what", Upstream::Unknown),
    ] {
        assert_eq!(
            assigned(Role::UpstreamStatus, value).upstream,
            expected,
            "{value}"
        );
    }
}

#[test]
fn durations_in_every_unit() {
    let ms = |role, value| assigned(role, value).duration_ms();
    assert_eq!(ms(Role::Seconds, "0.509"), Some(509.0));
    assert_eq!(ms(Role::TimeTaken, "0.509"), Some(509.0));
    assert_eq!(ms(Role::TimeTaken, "509"), Some(509.0));
    assert_eq!(ms(Role::Seconds, "0.1, 0.25"), Some(250.0));
    assert_eq!(ms(Role::Seconds, "1.5ms"), Some(1.5));
    assert_eq!(ms(Role::Seconds, "80µs"), Some(0.08));
    assert_eq!(ms(Role::Seconds, "-"), None);
    assert_eq!(ms(Role::Seconds, "inf"), None);
    assert_eq!(ms(Role::Milliseconds, "17ms"), Some(17.0));
    assert_eq!(ms(Role::Microseconds, "17999"), Some(17.999));
    assert_eq!(ms(Role::Nanoseconds, "17999999"), Some(18.0));
}

#[test]
fn placeholders_are_no_credentials() {
    for value in [
        "REDACTED",
        "[FILTERED]",
        "***",
        "xxx",
        "-",
        "",
        "Bearer REDACTED",
    ] {
        assert_eq!(&assigned(Role::Token, value).token[..], b"", "{value}");
    }
    assert_eq!(&assigned(Role::Token, "bearer abc").token[..], b"abc");
    assert_eq!(&assigned(Role::Token, "sk_1").token[..], b"sk_1");
}

#[test]
fn ports_are_cut_off_addresses() {
    for (value, expected) in [
        ("192.0.2.1:5000", "192.0.2.1"),
        ("[2001:db8::1]:5000", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("unix:", "unix:"),
        ("client.example.net:80", "client.example.net"),
    ] {
        assert_eq!(
            &assigned(Role::Address, value).address[..],
            expected.as_bytes()
        );
    }
}

#[test]
fn ports_behind_all_groups_of_an_address() {
    for (address, without) in [
        ("2001:db8:0:0:0:0:0:7:5000", "2001:db8:0:0:0:0:0:7"),
        ("2001:db8:0:0:0:0:0:7", "2001:db8:0:0:0:0:0:7"),
        ("2001:db8::7", "2001:db8::7"),
    ] {
        assert_eq!(without_port(address.as_bytes()), without.as_bytes());
    }
}
