use super::*;
use proptest::prelude::*;

#[track_caller]
fn check(class: Class, cases: &[(&str, &str)]) {
    for (user_agent, family) in cases {
        let client = classify(user_agent.as_bytes());
        assert_eq!(
            (&*client.family, client.class),
            (*family, class),
            "{user_agent}"
        );
    }
}

#[test]
fn the_table_is_whole_and_each_rule_can_win() {
    let mut clients = Clients::default();
    clients.add(BUILT_IN).unwrap();
    assert!(clients.rules.len() > 300);
    for line in BUILT_IN
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let mut columns = line.split(" | ");
        let class = Class::from_name(columns.next().unwrap()).unwrap();
        let family = columns.next().unwrap();
        let pattern = columns.next().unwrap().split(", ").next().unwrap();
        let name = pattern.trim_matches(['^', '$']);
        let user_agent = match class {
            Class::Browser => format!("Mozilla/5.0 (X11) {name}"),
            _ => name.to_owned(),
        };
        let client = clients.classify(user_agent.as_bytes());
        assert_eq!(client.class, class, "{line}");
        assert!(
            client.family == family || family == "*",
            "{line}: {}",
            client.family
        );
    }
}

#[test]
fn libraries_and_tools() {
    check(
        Class::HttpLibrary,
        &[
            ("axios/1.7.2", "axios"),
            (
                "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
                "node-fetch",
            ),
            ("node", "node"),
            ("got (https://github.com/sindresorhus/got)", "got"),
            ("python-requests/2.32.3", "python-requests"),
            ("python-httpx/0.27.0", "python-httpx"),
            ("Python/3.11 aiohttp/3.9.5", "aiohttp"),
            ("Python-urllib/3.11", "Python-urllib"),
            ("Go-http-client/2.0", "Go-http-client"),
            ("okhttp/4.12.0", "okhttp"),
            ("Java/1.8.0_292", "Java"),
            (
                "Apache-HttpClient/4.5.13 (Java/11.0.13)",
                "Apache-HttpClient",
            ),
            ("GuzzleHttp/6.5.5 curl/7.68.0 PHP/7.4.3", "Guzzle"),
            ("PycURL/7.43 libcurl/7.47.0", "PycURL"),
            ("Faraday v2.7.4", "Faraday"),
            ("Ruby", "Ruby"),
            ("RestSharp/106.15.0.0", "RestSharp"),
            ("Dart/3.3 (dart:io)", "Dart"),
            (
                "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1",
                "PowerShell",
            ),
        ],
    );
    check(
        Class::CommandLine,
        &[
            ("curl/8.5.0", "curl"),
            ("Wget/1.21.2", "Wget"),
            ("git/2.43.0", "Git"),
        ],
    );
    check(
        Class::ApiTool,
        &[
            ("PostmanRuntime/7.37.3", "Postman"),
            ("insomnia/2023.5.8", "Insomnia"),
            ("HTTPie/3.2.2", "HTTPie"),
        ],
    );
    check(
        Class::LoadTest,
        &[
            ("k6/0.49.0 (https://k6.io/)", "k6"),
            ("Grafana k6/1.0", "k6"),
        ],
    );
    check(
        Class::Monitor,
        &[
            ("Prometheus/2.51.0", "Prometheus"),
            ("kube-probe/1.29", "kube-probe"),
            (
                "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
                "UptimeRobot",
            ),
            (
                "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
                "Pingdom",
            ),
        ],
    );
}

#[test]
fn browsers_and_those_that_carry_their_names() {
    const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15";
    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36";
    check(
        Class::Browser,
        &[
            (SAFARI, "Safari"),
            (CHROME, "Chrome"),
            (&CHROME.replace(' ', "+"), "Chrome"),
            (&CHROME.replace(' ', "%20"), "Chrome"),
            (&format!("{CHROME} Edg/124.0.0.0"), "Edge"),
            (&format!("{CHROME} OPR/109.0.0.0"), "Opera"),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
                "Firefox",
            ),
            (
                "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0; .NET CLR 3.5)",
                "Internet Explorer",
            ),
            ("Opera/9.80 (X11; Linux) Presto/2.12 Version/12.16", "Opera"),
            (
                "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 Chrome/124.0 Mobile Safari/537.36",
                "Chrome",
            ),
        ],
    );
    check(
        Class::Automation,
        &[(
            &CHROME.replace("Chrome", "HeadlessChrome"),
            "HeadlessChrome",
        )],
    );
    check(
        Class::SearchBot,
        &[
            (
                "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/124.0 Safari/537.36",
                "Googlebot",
            ),
            ("Googlebot-Image/1.0", "Googlebot"),
            (
                "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
                "Bingbot",
            ),
            (
                &format!("{SAFARI} (Applebot/0.1; +http://www.apple.com/go/applebot)"),
                "Applebot",
            ),
        ],
    );
    check(
        Class::AiCrawler,
        &[
            (
                "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; GPTBot/1.2; +https://openai.com/gptbot",
                "GPTBot",
            ),
            (
                "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
                "ClaudeBot",
            ),
        ],
    );
    check(
        Class::MobileApp,
        &[
            ("MyApp/12 CFNetwork/1494.0.7 Darwin/23.4.0", "MyApp"),
            ("Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8)", "Dalvik"),
        ],
    );
}

#[test]
fn scanners() {
    check(
        Class::Scanner,
        &[
            ("sqlmap/1.8.4#stable (https://sqlmap.org)", "sqlmap"),
            (
                "Mozilla/5.00 (Nikto/2.1.5) (Evasions:None) (Test:map_codes)",
                "Nikto",
            ),
            ("Mozilla/5.0 zgrab/0.x", "zgrab"),
            (
                "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
                "Nmap",
            ),
            ("Fuzz Faster U Fool v2.1.0", "ffuf"),
            (
                "httpx - Open-source project (github.com/projectdiscovery/httpx)",
                "httpx (ProjectDiscovery)",
            ),
            (
                "Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)",
                "Censys",
            ),
        ],
    );
}

#[test]
fn unknown_ones_are_called_by_their_own_name() {
    check(
        Class::Unknown,
        &[
            ("MyApp/1.2 (build 7)", "MyApp"),
            ("Mozilla/5.0", "Mozilla"),
            ("Mozilla/5.0 (compatible; Acme/3.1)", "Acme"),
            ("\u{1f600} smile", "(unreadable)"),
            ("javascript/1", "javascript"),
            ("my-curl/1", "my-curl"),
            ("Chrome/124.0", "Chrome"),
        ],
    );
    check(
        Class::OtherBot,
        &[
            (
                "Mozilla/5.0 (compatible; FooBot/1.0; +http://foo)",
                "FooBot",
            ),
            ("acme-crawler-2/1.0", "acme-crawler-2"),
        ],
    );
    check(
        Class::Empty,
        &[("", "(none)"), ("-", "(none)"), ("  ", "(none)")],
    );
    let long = "x".repeat(1 << 20);
    assert_eq!(classify(long.as_bytes()).family.len(), MAX_FAMILY_BYTES);
}

#[test]
fn own_rules_come_first_and_must_be_rules() {
    let clients = Clients::with("# ours\nmonitor | Our probe | acme, ^curl\n").unwrap();
    assert_eq!(clients.classify(b"curl/8").family, "Our probe");
    assert_eq!(clients.classify(b"Wget/1").family, "Wget");
    for (text, line) in [
        ("\nnonsense", 2),
        ("robot | x | y", 1),
        ("monitor | x | /", 1),
        ("monitor | x |", 1),
    ] {
        let error = Clients::with(text).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.to_string().contains("class | family | pattern"));
    }
}

proptest! {
    #[test]
    fn any_bytes_give_a_printable_family(user_agent in prop::collection::vec(any::<u8>(), 0..200)) {
        let client = classify(&user_agent);
        prop_assert!(!client.family.is_empty());
        prop_assert!(client.family.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
    }
}
