use super::*;
use proptest::prelude::*;

fn utc(stamp: &str) -> Option<(i64, i32)> {
    let instant = Clock::new(None).read(stamp.as_bytes())?;
    Some((instant.ms, instant.utc_offset_s))
}

#[test]
fn a_stamp_without_a_year_is_of_the_latest_that_has_it() {
    for (stamp, now, expected) in [
        (
            "Dec 31 23:59:59",
            "2026-01-01T00:00:05Z",
            "2025-12-31T23:59:59Z",
        ),
        (
            "Jan  1 00:00:01",
            "2026-01-01T00:00:05Z",
            "2026-01-01T00:00:01Z",
        ),
        // A clock in a zone to the east is ahead, over the end of a year too.
        (
            "Jan  1 09:00:00",
            "2025-12-31T23:00:00Z",
            "2026-01-01T09:00:00Z",
        ),
        (
            "Mar 12 09:00:00",
            "2026-03-10T10:00:00Z",
            "2025-03-12T09:00:00Z",
        ),
        (
            "Feb 29 09:00:00",
            "2026-03-10T10:00:00Z",
            "2024-02-29T09:00:00Z",
        ),
        (
            "Feb 29 09:00:00",
            "2103-03-10T10:00:00Z",
            "2096-02-29T09:00:00Z",
        ),
    ] {
        let utc = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        let (civil, _) = yearless(stamp.as_bytes()).unwrap();
        let found = in_latest_year(civil, utc(now)).and_then(|civil| civil.seconds());
        assert_eq!(found, Some(utc(expected).timestamp()), "{stamp} at {now}");
    }
}

#[test]
fn reads_every_form() {
    let moment = 971_211_336_000;
    assert_eq!(utc("10/Oct/2000:13:55:36 -0700"), Some((moment, -25_200)));
    assert_eq!(utc("10/Oct/2000:20:55:36.655"), Some((moment + 655, 0)));
    assert_eq!(utc("10/Oct/2000:20:55:36"), Some((moment, 0)));
    assert_eq!(utc("001010 20:55:36"), Some((moment, 0)));
    assert_eq!(utc("10/Oct/2000:20:55:36.001 +0000"), Some((moment + 1, 0)));
    assert_eq!(utc("10/Oct/2000 20:55:36"), Some((moment, 0)));
    assert_eq!(utc("10/Oct/2000 13:55:36 -0700"), Some((moment, -25_200)));
    assert_eq!(utc("10/oct./2000:13:55:36 -0700"), Some((moment, -25_200)));
    assert_eq!(
        utc("10/October/2000:13:55:36 -0700"),
        Some((moment, -25_200))
    );
    assert_eq!(utc("2000-10-10T13:55:36-07:00"), Some((moment, -25_200)));
    assert_eq!(
        utc("2000-10-10T20:55:36.123456789Z"),
        Some((moment + 123, 0))
    );
    assert_eq!(utc("2000-10-10 20:55:36,9"), Some((moment + 900, 0)));
    assert_eq!(utc("2000/10/10 20:55:36"), Some((moment, 0)));
    assert_eq!(utc("2000/10/10 - 20:55:36"), Some((moment, 0)));
    assert_eq!(
        utc("Tue Oct 10 20:55:36.123456 2000"),
        Some((moment + 123, 0))
    );
    assert_eq!(
        utc("Tue Oct 10 2000 13:55:36 GMT-0700 (PDT)"),
        Some((moment, -25_200))
    );
    // klog's, and a day without its second space, are as syslog's.
    assert_eq!(utc("1010 20:55:36.655123"), utc("Oct 10 20:55:36.655123"));
    assert_eq!(utc("Oct 1 20:55:36"), utc("Oct  1 20:55:36"));
    assert!(utc("Oct 1 20:55:36").is_some() && utc("1010 20:55:36.655123").is_some());
    assert_eq!(utc("971211336"), Some((moment, 0)));
    assert_eq!(utc("971211336.5"), Some((moment + 500, 0)));
    assert_eq!(utc("971211336123"), Some((moment + 123, 0)));
    assert_eq!(utc("971211336123.25"), Some((moment + 123, 0)));
    assert_eq!(utc("971211336123456"), Some((moment + 123, 0)));
    assert_eq!(utc("971211336123456789"), Some((moment + 123, 0)));
}

#[test]
fn refuses_what_is_no_moment() {
    for stamp in [
        "",
        "-",
        "10/Oct/2000:24:00:00 +0000",
        "31/Apr/2000:00:00:00 +0000",
        "10/Okt/2000:13:55:36 -0700",
        "10/okt./2000:13:55:36 -0700",
        "10/Oct2/2000:13:55:36 -0700",
        "10/Oct/2000:13:55:36 -7000",
        "10/Oct/2000:13:55:61 +0000",
        "10/Oct/0200:13:55:36 -0700",
        "2000-10/10T13:55:36Z",
        "2000-13-10T13:55:36Z",
        "2000-10-10T13:55:36.Z",
        "99999999999999999999",
        "12a45",
        "1e9",
        "9999999999999999999",
        "1310 20:55:36.655123",
        "Tue Oct 10 2000 13:55:36 GMT-07",
    ] {
        assert_eq!(utc(stamp), None, "{stamp}");
    }
}

#[test]
fn leap_second_is_the_next_minute() {
    assert_eq!(
        utc("31/Dec/2016:23:59:60 +0000"),
        utc("01/Jan/2017:00:00:00 +0000")
    );
}

#[test]
fn the_remembered_hour_gives_the_same_moment() {
    let mut clock = Clock::new(None);
    for (stamp, ms) in [
        ("10/Oct/2000:13:55:36 -0700", Some(971_211_336_000)),
        ("10/Oct/2000:13:56:01 -0700", Some(971_211_361_000)),
        ("10/Oct/2000:13:55:59 -0700", Some(971_211_359_000)),
        ("10/Oct/2000:13:60:00 -0700", None),
        ("10/Oct/2000:13x55:36 -0700", None),
        ("10/Oct/2000:14:00:00 -0700", Some(971_211_600_000)),
        ("10/Oct/2000:14:00:00 +0000", Some(971_186_400_000)),
    ] {
        assert_eq!(clock.read(stamp.as_bytes()).map(|i| i.ms), ms, "{stamp}");
    }
}

#[test]
fn zoneless_stamps_follow_the_zone_across_its_changes() {
    let mut berlin = Clock::new(Some(chrono_tz::Europe::Berlin));
    let mut read = |stamp: &str| {
        let instant = berlin.read(stamp.as_bytes()).unwrap();
        (instant.ms / 1000, instant.utc_offset_s)
    };
    assert_eq!(read("2026-03-29 01:59:59"), (1_774_745_999, 3600));
    assert_eq!(read("2026-03-29 03:00:00"), (1_774_746_000, 7200));
    // Left out by the zone: read as if the clock had not been put forward yet.
    assert_eq!(read("2026-03-29 02:30:00"), (1_774_747_800, 3600));
    // Shown twice: the first.
    assert_eq!(read("2026-10-25 02:30:00"), (1_792_888_200, 7200));
    assert!(berlin.met_zoneless_stamp());
}

proptest! {
    #[test]
    fn any_bytes_are_survived(stamp: Vec<u8>) {
        Clock::new(None).read(&stamp);
    }

    #[test]
    fn memory_never_changes_the_answer(seconds in prop::collection::vec(0u32..200_000, 1..50)) {
        let mut clock = Clock::new(None);
        for second in seconds {
            let stamp = chrono::DateTime::from_timestamp(1_000_000_000 + i64::from(second), 0)
                .unwrap()
                .format("%d/%b/%Y:%H:%M:%S %z")
                .to_string();
            prop_assert_eq!(clock.read(stamp.as_bytes()), Clock::new(None).read(stamp.as_bytes()));
        }
    }
}
