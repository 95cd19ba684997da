//! User agents of clients, by the names that scenarios use.

use forbid_logs::synth::Random;

const BROWSERS: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
];

const KNOWN: [(&str, &str); 24] = [
    ("axios", "axios/1.7.2"),
    ("requests", "python-requests/2.32.3"),
    ("httpx", "python-httpx/0.27.0"),
    ("aiohttp", "Python/3.11 aiohttp/3.9.5"),
    ("urllib", "Python-urllib/3.11"),
    ("okhttp", "okhttp/4.12.0"),
    ("go", "Go-http-client/1.1"),
    ("java", "Java/17.0.11"),
    (
        "node-fetch",
        "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
    ),
    ("undici", "undici"),
    ("guzzle", "GuzzleHttp/7"),
    ("curl", "curl/7.88.1"),
    ("wget", "Wget/1.21.3"),
    ("httpie", "HTTPie/3.2.2"),
    ("postman", "PostmanRuntime/7.39.0"),
    ("prometheus", "Prometheus/2.51.2"),
    (
        "googlebot",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    ),
    (
        "gptbot",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.1; +https://openai.com/gptbot)",
    ),
    (
        "bytespider",
        "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)",
    ),
    ("ccbot", "CCBot/2.0 (https://commoncrawl.org/faq/)"),
    (
        "ahrefs",
        "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    ),
    ("sqlmap", "sqlmap/1.7.2#stable (https://sqlmap.org)"),
    (
        "nikto",
        "Mozilla/5.00 (Nikto/2.1.5) (Evasions:None) (Test:map_codes)",
    ),
    (
        "nmap",
        "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
    ),
];

/// The user agent of a client; `browser` is any of several, `none` sends none, and what is not known by
/// name is sent as it stands.
pub fn user_agent(client: &str, random: &mut Random) -> String {
    match client {
        "browser" => random.pick(&BROWSERS).to_string(),
        "none" => String::new(),
        _ => KNOWN
            .iter()
            .find(|(name, _)| *name == client)
            .map_or(client, |(_, agent)| agent)
            .to_string(),
    }
}
