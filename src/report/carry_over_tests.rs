use super::*;
use crate::findings::State;
use crate::findings::*;

fn moment(second: i64) -> Moment {
    DateTime::from_timestamp(second, 0).unwrap()
}

/// Denials between two seconds, all of them new, under a rule.
fn finding(
    cause: Cause,
    rule: Option<&str>,
    ip: &str,
    from: i64,
    to: i64,
    denials: u64,
) -> Finding {
    let key = KeyCount {
        value: ip.to_string(),
        denials,
        requests: denials,
    };
    let rule = rule.map(|text| text.parse::<Policy>().unwrap().into_rule(1.0, 1.0));
    let whole = Spike {
        id: String::new(),
        state: State::Open,
        start: moment(from),
        end: moment(to),
        requests: denials,
        denials,
        expected: 0.0,
        peak: Peak {
            start: moment(from),
            denials,
        },
        family: cause.family(),
        cause,
        mechanism: None,
        confidence: None,
        band: Band::Likely,
        reason: None,
        known: None,
        alternatives: Vec::new(),
        rule,
        keys: BTreeMap::from([("ip".to_string(), vec![key])]),
        distinct: BTreeMap::new(),
        stated: Vec::new(),
        configured: Vec::new(),
        evidence: Vec::new(),
        collateral: Collateral::default(),
        without: Without::default(),
        examples: Vec::new(),
        reproduce: Vec::new(),
        settle: None,
        advice: Advice::default(),
    };
    Finding {
        parts: vec![(0, whole.clone())],
        whole,
        is_spike: true,
    }
}

fn additions(findings: Vec<Finding>, span_s: std::ops::Range<i64>) -> Additions {
    Additions {
        logs: Vec::new(),
        findings,
        window_s: 60,
        minutes: Vec::new(),
        span_s,
        utc_offset_s: 0,
        templates: Vec::new(),
        text_bytes: Vec::new(),
        warnings: Vec::new(),
    }
}

use crate::report::state::State as RunState;

/// The ids that the findings of one run get.
fn ids(state: &mut RunState, run: u64, findings: Vec<Finding>) -> Vec<String> {
    let additions = additions(findings, 0..100_000);
    let carried = carry_over(state, run, &additions);
    carried.into_iter().map(|carried| carried.id).collect()
}

const LIST: Option<&str> = Some("deny prefix 203.0.113.0/24");

#[test]
fn a_spike_keeps_its_id_over_two_windows_and_no_more() {
    let ban = |from, to| finding(Cause::IpAcl, LIST, "203.0.113.7", from, to, 100);
    let mut state = RunState::default();
    assert_eq!(ids(&mut state, 4, vec![ban(1000, 1300)]), ["4-1"]);
    assert_eq!(ids(&mut state, 5, vec![ban(1420, 1600)]), ["4-1"]);
    assert_eq!(ids(&mut state, 7, vec![ban(1721, 1800)]), ["7-1"]);
    assert_eq!(state.spikes.len(), 2);
    let first = state.spikes.iter().find(|spike| spike.id == "4-1").unwrap();
    assert_eq!((first.start, first.end, first.denials), (1000, 1600, 200));
}

#[test]
fn another_cause_or_another_rule_is_another_spike() {
    let mut state = RunState::default();
    let first = finding(Cause::IpAcl, LIST, "203.0.113.7", 1000, 1300, 100);
    assert_eq!(ids(&mut state, 1, vec![first]), ["1-1"]);
    let others = vec![
        finding(Cause::BotFilter, LIST, "203.0.113.7", 1300, 1400, 100),
        finding(
            Cause::IpAcl,
            Some("deny prefix 192.0.2.0/24"),
            "192.0.2.1",
            1300,
            1400,
            90,
        ),
        finding(
            Cause::IpAcl,
            Some("deny ip 203.0.113.9"),
            "203.0.113.9",
            1300,
            1400,
            80,
        ),
        finding(Cause::IpAcl, LIST, "203.0.113.7", 1300, 1400, 70),
    ];
    // The larger of the two that fit goes on with it.
    assert_eq!(ids(&mut state, 2, others), ["2-1", "2-2", "1-1", "2-3"]);
}

#[test]
fn without_rules_the_same_addresses_make_the_same_spike() {
    let mut state = RunState::default();
    let of = |ip| finding(Cause::Undetermined, None, ip, 1000, 1300, 100);
    assert_eq!(ids(&mut state, 1, vec![of("192.0.2.1")]), ["1-1"]);
    assert_eq!(
        ids(&mut state, 2, vec![of("192.0.2.1"), of("192.0.2.2")]),
        ["1-1", "2-1"]
    );
}

#[test]
fn what_stands_out_of_nothing_goes_on_only_at_its_pace() {
    let standing = |from, to, denials| Finding {
        is_spike: false,
        ..finding(Cause::IpAcl, LIST, "203.0.113.7", from, to, denials)
    };
    let mut state = RunState::default();
    assert_eq!(ids(&mut state, 1, vec![standing(0, 1000, 100)]), [""; 0]);
    let spike = finding(Cause::IpAcl, LIST, "203.0.113.7", 1000, 2000, 1000);
    assert_eq!(ids(&mut state, 2, vec![spike]), ["2-1"]);
    assert_eq!(
        ids(&mut state, 3, vec![standing(1000, 6000, 5000)]),
        ["2-1"]
    );
    assert_eq!(ids(&mut state, 4, vec![standing(6000, 8000, 20)]), [""; 0]);
}

#[test]
fn a_rise_over_the_week_before_is_a_spike() {
    let standing = || Finding {
        is_spike: false,
        ..finding(Cause::IpAcl, LIST, "203.0.113.7", 10_000, 13_600, 3600)
    };
    let with_usual = |denials| {
        let mut state = RunState::default();
        let minutes: Vec<_> = (0..120).map(|m| (m * 60, 100, denials)).collect();
        state.add_minutes(&minutes, 7200);
        let additions = additions(vec![standing()], 10_000..13_600);
        carry_over(&mut state, 2, &additions).len()
    };
    assert_eq!(with_usual(2), 1);
    assert_eq!(with_usual(50), 0);
}
