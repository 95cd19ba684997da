//! What the name of a place in a path says by itself: whether it is well known, hidden, or a file.
//!
//! Sources: default paths of common applications and the probes that public scanner rule sets
//! (OWASP CRS `restricted-files.data`, `lfi-os-files.data`) list, as of 2026-11. The lists are
//! short because they bound the fan-out of a collapsed place of [`crate::key::route_tree`].

/// Names that keep their own route whatever else stands beside them. Sorted.
const WELL_KNOWN: &[&str] = &[
    ".aws",
    ".config",
    ".DS_Store",
    ".env",
    ".git",
    ".github",
    ".gitignore",
    ".hg",
    ".htaccess",
    ".htpasswd",
    ".npmrc",
    ".ssh",
    ".svn",
    ".vscode",
    ".well-known",
    "actuator",
    "admin",
    "administrator",
    "api",
    "app",
    "assets",
    "auth",
    "backup",
    "blog",
    "boaform",
    "cart",
    "cgi-bin",
    "checkout",
    "console",
    "css",
    "dashboard",
    "docs",
    "download",
    "downloads",
    "favicon.ico",
    "files",
    "fonts",
    "graphql",
    "health",
    "healthz",
    "images",
    "img",
    "index.html",
    "index.php",
    "js",
    "login",
    "logout",
    "manager",
    "media",
    "metrics",
    "oauth",
    "oauth2",
    "pages",
    "php",
    "phpinfo.php",
    "phpmyadmin",
    "phpMyAdmin",
    "private",
    "products",
    "public",
    "robots.txt",
    "search",
    "server-status",
    "sitemap.xml",
    "solr",
    "static",
    "status",
    "swagger",
    "uploads",
    "user",
    "users",
    "vendor",
    "webhook",
    "webhooks",
    "wp-admin",
    "wp-config.php",
    "wp-content",
    "wp-includes",
    "wp-json",
    "wp-login.php",
    "xmlrpc.php",
];

/// Placeholders of [`crate::key::route`] that are a whole segment.
const PLACEHOLDERS: &[&str] = &[
    "{id}",
    "{date}",
    "{rest}",
    "{authority}",
    "{malformed}",
    "*",
];

/// Extensions that a collapsed name keeps, with that name. Anybody can make extensions up.
const EXTENSIONS: &[(&str, &str)] = &[
    ("asp", "{}.asp"),
    ("aspx", "{}.aspx"),
    ("avif", "{}.avif"),
    ("bak", "{}.bak"),
    ("cgi", "{}.cgi"),
    ("conf", "{}.conf"),
    ("css", "{}.css"),
    ("csv", "{}.csv"),
    ("env", "{}.env"),
    ("gif", "{}.gif"),
    ("gz", "{}.gz"),
    ("htm", "{}.htm"),
    ("html", "{}.html"),
    ("ico", "{}.ico"),
    ("ini", "{}.ini"),
    ("jpeg", "{}.jpeg"),
    ("jpg", "{}.jpg"),
    ("js", "{}.js"),
    ("json", "{}.json"),
    ("jsp", "{}.jsp"),
    ("log", "{}.log"),
    ("map", "{}.map"),
    ("mp3", "{}.mp3"),
    ("mp4", "{}.mp4"),
    ("old", "{}.old"),
    ("pdf", "{}.pdf"),
    ("php", "{}.php"),
    ("pl", "{}.pl"),
    ("png", "{}.png"),
    ("py", "{}.py"),
    ("rar", "{}.rar"),
    ("rss", "{}.rss"),
    ("sh", "{}.sh"),
    ("sql", "{}.sql"),
    ("svg", "{}.svg"),
    ("tar", "{}.tar"),
    ("tgz", "{}.tgz"),
    ("ts", "{}.ts"),
    ("txt", "{}.txt"),
    ("webp", "{}.webp"),
    ("woff", "{}.woff"),
    ("woff2", "{}.woff2"),
    ("xml", "{}.xml"),
    ("yaml", "{}.yaml"),
    ("yml", "{}.yml"),
    ("zip", "{}.zip"),
];

/// The name that a collapsed place keeps for `name`: one of some 150, and its own class.
pub(super) fn class(name: &[u8]) -> &[u8] {
    let mut kept = WELL_KNOWN.iter().chain(PLACEHOLDERS);
    if name.is_empty() || kept.any(|known| known.as_bytes() == name) {
        return name;
    }
    if name.first() == Some(&b'.') {
        return if name == b".." { name } else { b".{}" };
    }
    let extension = match memchr::memrchr(b'.', name) {
        Some(dot) => &name[dot + 1..],
        None => return b"{}",
    };
    EXTENSIONS
        .iter()
        .find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(extension))
        .map_or(b"{}", |(_, shown)| shown.as_bytes())
}
