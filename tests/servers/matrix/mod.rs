//! Scenarios by seed: each mechanism in turn, on each server that can do it, in each form of traffic, with
//! everything else by chance.
//!
//! What varies: the form (`form.rs`: how callers come, a log of a minute or of a week, a spike at the log's
//! edge, a second one over the first), what goes on around (`around.rs`), the log's format, how many addresses
//! there are, how clients take a denial, how far a limit is exceeded (1.2 to 50 times), the ordinary traffic.

mod around;
mod bots;
mod draft;
mod enough;
mod form;
mod identity;
mod limits;
mod lists;
mod negative;
mod overlap;

use crate::scenario::Scenario;
use crate::scenario::ServerKind::{self, Apache, Caddy, Haproxy, Lighttpd, Nginx};
use around::AROUND;
use draft::Draft;
use forbid_logs::synth::Random;
use form::{FORMS, Form};

/// A way to deny, the servers that have it, and how a scenario of it is made.
struct Mechanism {
    name: &'static str,
    servers: &'static [ServerKind],
    build: fn(&mut Draft),
}

const fn mechanism(
    name: &'static str,
    servers: &'static [ServerKind],
    build: fn(&mut Draft),
) -> Mechanism {
    Mechanism {
        name,
        servers,
        build,
    }
}

/// Servers behind which the applications stand in the lab.
const BEFORE_APPLICATIONS: &[ServerKind] = &[Nginx, Apache, Haproxy, Caddy];
const ALL: &[ServerKind] = &[Nginx, Apache, Haproxy, Caddy, Lighttpd];

/// Of Debian's packages, only nginx and HAProxy limit requests as such; Apache holds (mod_evasive); Caddy and
/// lighttpd do neither, so limits of theirs are the application's.
const MECHANISMS: [Mechanism; 41] = [
    mechanism("limit_by_ip", &[Nginx, Haproxy], limits::limit_by_ip),
    mechanism("sliding_window", &[Haproxy], limits::sliding_window),
    mechanism("limit_by_token", &[Nginx, Haproxy], limits::limit_by_token),
    mechanism("limit_by_user", &[Nginx, Haproxy], limits::limit_by_user),
    mechanism("limit_for_all", &[Nginx, Haproxy], limits::limit_for_all),
    mechanism(
        "limit_whole_server",
        &[Nginx, Haproxy],
        limits::limit_whole_server,
    ),
    // lighttpd's mod_evasive, which limited connections, is not in Debian's 1.4.69 any more.
    mechanism("connections", &[Nginx, Haproxy], limits::connections),
    mechanism("hold", &[Apache, Haproxy], limits::hold),
    mechanism("hold_fixed", &[Apache, Haproxy], limits::hold_fixed),
    mechanism("fixed_window", BEFORE_APPLICATIONS, limits::fixed_window),
    mechanism("ip_list", ALL, lists::ip_list),
    mechanism("country_list", ALL, lists::country_list),
    mechanism("route_denied", ALL, lists::route_denied),
    mechanism(
        "hidden_files",
        &[Nginx, Apache, Lighttpd],
        lists::hidden_files,
    ),
    mechanism("no_index", &[Nginx, Apache, Lighttpd], lists::no_index),
    mechanism(
        "file_permission",
        &[Nginx, Apache, Lighttpd],
        lists::file_permission,
    ),
    mechanism(
        "credential_revoked",
        BEFORE_APPLICATIONS,
        identity::credential_revoked,
    ),
    mechanism(
        "credential_missing",
        BEFORE_APPLICATIONS,
        identity::credential_missing,
    ),
    mechanism(
        "credential_wrong",
        BEFORE_APPLICATIONS,
        identity::credential_wrong,
    ),
    mechanism(
        "credential_expired",
        BEFORE_APPLICATIONS,
        identity::credential_expired,
    ),
    mechanism("signed_link", BEFORE_APPLICATIONS, identity::signed_link),
    mechanism(
        "permission_plan",
        BEFORE_APPLICATIONS,
        identity::permission_plan,
    ),
    // Caddy checks passwords by bcrypt only, which two cores cannot do so often.
    mechanism(
        "permission_role",
        &[Nginx, Apache, Haproxy],
        identity::permission_role,
    ),
    mechanism("cors", &[Nginx, Haproxy, Apache], identity::cors_by_origin),
    mechanism("cors", BEFORE_APPLICATIONS, identity::cors_by_deploy),
    mechanism("method", ALL, lists::method),
    mechanism("hotlink", &[Nginx, Apache, Lighttpd], lists::hotlink),
    mechanism("csrf", BEFORE_APPLICATIONS, identity::csrf),
    mechanism("content_type", BEFORE_APPLICATIONS, identity::content_type),
    mechanism("agent_list", ALL, bots::agent_list),
    mechanism("agent_empty", &[Nginx, Haproxy, Apache], bots::agent_empty),
    mechanism("scanner_agents", ALL, bots::scanner_agents),
    mechanism("waf", &[Apache, Nginx], bots::waf),
    mechanism("challenge", &[Nginx, Haproxy, Apache], bots::challenge),
    mechanism("distributed_bots", ALL, bots::distributed_bots),
    mechanism("ip_list", ALL, lists::list_with_hard_retries),
    mechanism(
        "permission_role",
        &[Nginx, Apache, Haproxy],
        identity::role_on_one_route,
    ),
    mechanism("none", ALL, negative::steady_denials),
    mechanism("none", ALL, negative::doubled_traffic),
    mechanism(
        "none",
        &[Nginx, Haproxy, Apache],
        negative::limiter_always_on,
    ),
    mechanism("none", ALL, negative::flash_crowd),
];

/// The scenarios of a seed.
pub fn generate(count: usize, seed: u64) -> Vec<Scenario> {
    let mut random = Random::new(seed ^ 0x6d61_7472_6978);
    // Different seeds begin at different places of the lists.
    let first = (seed % 1_000_000) as usize;
    (0..count)
        .map(|number| {
            let (place, round) = (number % MECHANISMS.len(), number / MECHANISMS.len());
            let mechanism = &MECHANISMS[place];
            let server = mechanism.servers[(place + round + first) % mechanism.servers.len()];
            // Five and thirteen have no common divisor: no mechanism meets a form twice before it met all.
            let form = place + round * 5 + first;
            let form = Form::suited(form % FORMS.len(), mechanism.name, server);
            let around = AROUND[(place + place / FORMS.len() + round + first) % AROUND.len()];
            let chance = Random::new(random.bits());
            let mut draft = Draft::new(mechanism.name, server, number, (form, around), chance);
            (mechanism.build)(&mut draft);
            draft.finish()
        })
        .collect()
}
