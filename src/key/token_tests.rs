use super::*;

fn record(target: &'static str, token: &'static str) -> Record<'static> {
    Record {
        target: target.as_bytes().into(),
        token: token.as_bytes().into(),
        ..Record::default()
    }
}

#[track_caller]
fn finds(target: &'static str, token: &'static str, expected: Option<&str>) {
    let record = record(target, token);
    assert_eq!(
        find(&record),
        expected.map(str::as_bytes),
        "{target} {token}"
    );
}

#[test]
fn the_token_field_comes_first() {
    finds("/a?token=q", "Bearer abc", Some("abc"));
    finds("/a", "Basic dTpw", Some("dTpw"));
    finds("/a?token=q", "REDACTED", Some("q"));
    finds("/a", "-", None);
    finds("/a", "Bearer ***", None);
}

#[test]
fn parameters_are_found_by_name() {
    finds("/a?x=1&API_KEY=k1&y=2", "", Some("k1"));
    finds("/a?access_token=t#frag", "", Some("t"));
    finds("/a?Signature=s&AWSAccessKeyId=AKIA1", "", Some("AKIA1"));
    finds("/a?sig=s", "", Some("s"));
    finds("/a?token=&api_key=[FILTERED]", "", None);
    finds("/a?keyword=x&state=CA&page=3&token", "", None);
    finds("/token=x", "", None);
    finds("/a?", "", None);
}

#[test]
fn fingerprints_depend_on_key_and_token_only() {
    let key = TokenKey::from_bytes([7; 32]);
    let print = key.fingerprint(b"abc=");
    assert_eq!(print.len(), 16);
    assert!(print.starts_with("tok_") && is_placeholder(print.as_bytes()));
    assert_eq!(print, key.fingerprint(b"abc%3D"));
    assert_ne!(print, key.fingerprint(b"abc"));
    assert_ne!(print, TokenKey::from_bytes([8; 32]).fingerprint(b"abc="));
}

#[test]
fn the_key_is_made_once_and_kept_private() {
    let home = tempfile::tempdir().unwrap();
    let first = TokenKey::load(None, Some(home.path())).unwrap();
    let again = TokenKey::load(None, Some(home.path())).unwrap();
    assert!(first.warning.is_none() && again.warning.is_none());
    assert!(first.key == again.key);
    let path = home.path().join("forbid-logs/token.key");
    assert_eq!(std::fs::read(&path).unwrap(), first.key.as_bytes());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        let open = TokenKey::load(Some(&path), None).unwrap();
        assert!(open.warning.unwrap().contains("chmod 600"));
    }
}

#[test]
fn a_short_or_missing_key_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("key");
    let missing = TokenKey::load(Some(&path), None).unwrap_err();
    assert!(missing.to_string().contains("--token-key"));
    std::fs::write(&path, "hunter2\n").unwrap();
    let short = TokenKey::load(Some(&path), None).unwrap_err();
    assert!(short.to_string().contains("7 bytes"), "{short}");
    std::fs::write(&path, "0123456789abcdef0123456789abcdef0123\n").unwrap();
    let with_newline = TokenKey::load(Some(&path), None).unwrap().key;
    std::fs::write(&path, "0123456789abcdef0123456789abcdef0123").unwrap();
    assert!(TokenKey::load(Some(&path), None).unwrap().key == with_newline);
}

#[test]
fn without_a_place_the_key_is_random_and_said_to_be() {
    let first = TokenKey::load(None, None).unwrap();
    let second = TokenKey::load(None, Some(Path::new("/dev/null"))).unwrap();
    assert!(first.warning.is_some() && second.warning.is_some());
    assert!(first.key != second.key);
    assert!(!format!("{:?}", first.key).contains(&first.key.as_bytes()[0].to_string()));
}

#[test]
fn the_state_home_follows_xdg() {
    let with = |xdg: Option<&'static str>, home: Option<&'static str>| {
        state_home(move |name| match name {
            "XDG_STATE_HOME" => xdg.map(OsString::from),
            _ => home.map(OsString::from),
        })
    };
    assert_eq!(with(Some("/s"), Some("/h")), Some("/s".into()));
    assert_eq!(
        with(Some("relative"), Some("/h")),
        Some("/h/.local/state".into())
    );
    assert_eq!(with(Some(""), None), None);
}
