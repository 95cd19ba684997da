//! The stamp of a log line, in every form that servers write.
//!
//! Recognised by shape: `10/Oct/2000:13:55:36 -0700` (NCSA), the same with a fraction or without
//! a zone (HAProxy), ISO 8601 and RFC 3339, `2026/03/10 09:43:00` (nginx error log),
//! `Fri Oct 18 13:10:45.123456 2024` (Apache error log), the date of HTTP, cPanel's month first,
//! syslog's without a year, Tornado's of two digits, and seconds, milli-, micro- or nanoseconds since the
//! epoch. Successive lines mostly share their second, so an NCSA stamp equal to the last one costs a
//! comparison, and one of the same hour a few digits.

use super::civil::{Civil, fraction_ms, month_of_name, number, offset_s};
use chrono::{NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

/// Length of an NCSA stamp: `10/Oct/2000:13:55:36 -0700`.
const NCSA_LEN: usize = 26;

/// A moment on the time line, and how the log's own clock showed it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Instant {
    /// Milliseconds since the Unix epoch, UTC.
    pub ms: i64,
    /// Seconds that the log's own clock was ahead of UTC.
    pub utc_offset_s: i32,
}

/// Reads stamps, and remembers the last one because the next is mostly the same.
#[derive(Debug, Clone)]
pub struct Clock {
    zone: Option<Tz>,
    last: [u8; NCSA_LEN],
    last_instant: Instant,
    /// Civil minute of the last zoneless stamp, and the offset then: zones change on whole minutes.
    last_minute: Option<(i64, i32)>,
    /// What the directives say that stand between the lines.
    directives: Directives,
    /// The stamp of the envelope that the line came in.
    carried: Stamp,
    /// The last stamp of another form than NCSA's, and its moment.
    last_shaped: (Stamp, Instant),
}

/// What the last directives of a W3C log say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directives {
    /// The names of the fields, as they stand behind `#Fields:`.
    pub fields: Vec<u8>,
    /// The day of `#Date:`, such as `2018-01-01`: lines may tell the time of day only.
    pub day: Vec<u8>,
}

impl Directives {
    /// The names that a directive gives to the fields of the lines behind it: `#Fields: ...`, or `#fields` and tabs as
    /// Zeek writes it, of whose logs only the one of HTTP names a `uri`.
    pub fn fields_of(directive: &[u8]) -> Option<&[u8]> {
        if let Some(fields) = directive.strip_prefix(b"#Fields:") {
            return Some(fields.trim_ascii());
        }
        let fields = directive.strip_prefix(b"#fields\t")?;
        let names_uri = memchr::memmem::find(fields, b"\turi\t").is_some();
        names_uri.then(|| fields.trim_ascii())
    }
}

/// The bytes of a stamp; what is longer than any stamp is none.
#[derive(Debug, Clone, Copy)]
struct Stamp {
    bytes: [u8; Stamp::LONGEST],
    length: usize,
}

impl Stamp {
    const NONE: Stamp = Stamp {
        bytes: [0; Stamp::LONGEST],
        length: 0,
    };

    /// Longest stamp: `2016-10-06T00:17:09.669794202+01:00`, with some room.
    const LONGEST: usize = 40;

    fn set(&mut self, stamp: &[u8]) {
        self.length = 0;
        if let Some(room) = self.bytes.get_mut(..stamp.len()) {
            room.copy_from_slice(stamp);
            self.length = stamp.len();
        }
    }

    fn get(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Clock {
    /// A clock that reads stamps without a zone as local time of `zone`, or as UTC.
    pub fn new(zone: Option<Tz>) -> Self {
        Clock {
            zone,
            last: [0; NCSA_LEN],
            last_instant: Instant::default(),
            last_minute: None,
            directives: Directives::default(),
            carried: Stamp::NONE,
            last_shaped: (Stamp::NONE, Instant::default()),
        }
    }

    /// Takes note of a directive between lines: `#Fields: ...` or `#Date: ...`.
    #[cold]
    pub fn direct(&mut self, line: &[u8]) {
        if let Some(fields) = Directives::fields_of(line) {
            self.directives.fields = fields.to_vec();
        } else if let Some(date) = line.strip_prefix(b"#Date:") {
            let date = date.trim_ascii_start();
            self.directives.day = date.get(..10).unwrap_or_default().to_vec();
        }
    }

    /// What the last directives say.
    pub fn directives(&self) -> &Directives {
        &self.directives
    }

    /// Takes note of the stamp of a line's envelope; empty where it has none.
    pub fn carried(&mut self, stamp: &[u8]) {
        self.carried.set(stamp);
    }

    /// The moment that the envelope of the line tells.
    pub fn read_carried(&mut self) -> Option<Instant> {
        let carried = self.carried;
        self.read(carried.get())
    }

    /// Whether a stamp without a zone was read.
    pub fn met_zoneless_stamp(&self) -> bool {
        self.last_minute.is_some()
    }

    /// The moment that a stamp of any known form names; `None` when it names none.
    #[inline]
    pub fn read(&mut self, stamp: &[u8]) -> Option<Instant> {
        match <&[u8; NCSA_LEN]>::try_from(stamp) {
            Ok(stamp) if stamp[2] == b'/' => self.read_ncsa(stamp),
            _ => self.read_by_shape(stamp),
        }
    }

    /// The moment of an NCSA stamp, `10/Oct/2000:13:55:36 -0700`.
    #[inline]
    pub fn read_ncsa(&mut self, stamp: &[u8; NCSA_LEN]) -> Option<Instant> {
        if *stamp == self.last {
            return Some(self.last_instant);
        }
        self.read_new_ncsa(stamp)
    }

    fn read_new_ncsa(&mut self, stamp: &[u8; NCSA_LEN]) -> Option<Instant> {
        let instant = self.same_hour(stamp).or_else(|| {
            let (civil, rest) = ncsa(stamp)?;
            self.place(civil, rest)
        })?;
        (self.last, self.last_instant) = (*stamp, instant);
        Some(instant)
    }

    /// The moment, when only minute and second differ from the last stamp.
    fn same_hour(&self, stamp: &[u8; NCSA_LEN]) -> Option<Instant> {
        let (last, hour) = (&self.last, 0..15);
        if stamp[hour.clone()] != last[hour] || stamp[20..] != last[20..] || stamp[17] != b':' {
            return None;
        }
        let seconds_of_hour = |stamp: &[u8; NCSA_LEN]| {
            let (minute, second) = (number(&stamp[15..17])?, number(&stamp[18..20])?);
            (minute <= 59 && second <= 60).then(|| i64::from(minute * 60 + second))
        };
        let step_s = seconds_of_hour(stamp)? - seconds_of_hour(last)?;
        Some(Instant {
            ms: self.last_instant.ms + step_s * 1000,
            ..self.last_instant
        })
    }

    fn read_by_shape(&mut self, stamp: &[u8]) -> Option<Instant> {
        if self.last_shaped.0.get() == stamp && !stamp.is_empty() {
            return Some(self.last_shaped.1);
        }
        let instant = self.read_new_by_shape(stamp)?;
        self.last_shaped.0.set(stamp);
        self.last_shaped.1 = instant;
        Some(instant)
    }

    fn read_new_by_shape(&mut self, stamp: &[u8]) -> Option<Instant> {
        // A day of one digit, in NCSA's form, is read as if a zero stood before it.
        if let [day, b'/', rest @ ..] = stamp
            && day.is_ascii_digit()
            && rest.first().is_some_and(u8::is_ascii_alphabetic)
        {
            let whole = [b"0", stamp].concat();
            let (civil, rest) = ncsa(&whole)?;
            return self.place(civil, rest);
        }
        if let Some(usual) = of_javascript(stamp) {
            let (civil, rest) = ncsa(&usual)?;
            return self.place(civil, rest);
        }
        if let Some(usual) = as_syslog(stamp) {
            let (civil, rest) = yearless(&usual)?;
            return self.place(civil, rest);
        }
        if let Some(civil) = short(stamp).or_else(|| compact(stamp)) {
            return self.place(civil, b"");
        }
        if let Some(shortened) = with_short_month(stamp) {
            let (civil, rest) = ncsa(&shortened)?;
            return self.place(civil, rest);
        }
        let (civil, rest) = match (stamp.get(2)?, stamp.get(4)?) {
            (b'/', _) => ncsa(stamp).or_else(|| by_month_number(stamp))?,
            (_, b'-' | b'/' | b':') => iso(stamp)?,
            (b'0'..=b'9' | b'.', b'0'..=b'9' | b'.') => return epoch(stamp),
            _ => asctime(stamp)
                .map(|civil| (civil, &b""[..]))
                .or_else(|| http_date(stamp))
                .or_else(|| yearless(stamp))?,
        };
        self.place(civil, rest)
    }

    /// Places a civil time on the time line, with the zone in `rest`: an offset, or nothing.
    pub(super) fn place(&mut self, civil: Civil, rest: &[u8]) -> Option<Instant> {
        let zone = rest.strip_prefix(b" ").unwrap_or(rest);
        let seconds = civil.seconds()?;
        let utc_offset_s = match zone {
            b"" => self.local_offset(seconds)?,
            b"UTC" | b"GMT" | b"+0000 UTC" => 0,
            _ => offset_s(zone).or_else(|| named_offset_s(zone))?,
        };
        let ms = (seconds - i64::from(utc_offset_s)) * 1000 + i64::from(civil.ms);
        Some(Instant { ms, utc_offset_s })
    }

    /// Offset of the zone at a local time. An hour that the zone repeats counts as its first run;
    /// one that it leaves out is read with the offset before the gap.
    fn local_offset(&mut self, local_s: i64) -> Option<i32> {
        let minute = local_s.div_euclid(60);
        if let Some((last, offset)) = self.last_minute
            && last == minute
        {
            return Some(offset);
        }
        let offset = match self.zone {
            None => 0,
            Some(zone) => offset_in(zone, local_s)?,
        };
        self.last_minute = Some((minute, offset));
        Some(offset)
    }
}

/// The offset of a zone that is named as RFC 822 names those of North America, and of those of Europe. Other names
/// are used for several zones each.
#[cold]
fn named_offset_s(name: &[u8]) -> Option<i32> {
    let hours = match name {
        b"EST" => -5,
        b"EDT" => -4,
        b"CST" => -6,
        b"CDT" => -5,
        b"MST" => -7,
        b"MDT" => -6,
        b"PST" => -8,
        b"PDT" => -7,
        b"WET" => 0,
        b"WEST" | b"CET" => 1,
        b"CEST" | b"EET" => 2,
        b"EEST" | b"MSK" => 3,
        b"JST" | b"KST" => 9,
        _ => return None,
    };
    Some(hours * 3_600)
}

fn offset_in(zone: Tz, local_s: i64) -> Option<i32> {
    let at = |seconds| Some(chrono::DateTime::from_timestamp(seconds, 0)?.naive_utc());
    let local: NaiveDateTime = at(local_s)?;
    let offset = match zone.offset_from_local_datetime(&local).earliest() {
        Some(offset) => offset,
        // A gap is at most a few hours wide: the offset of the day before still held at its start.
        None => zone
            .offset_from_local_datetime(&at(local_s - 86_400)?)
            .earliest()?,
    };
    Some(offset.fix().local_minus_utc())
}

/// `001010 13:55:36`, as Tornado writes it.
fn short(stamp: &[u8]) -> Option<Civil> {
    let [y, yy, m, mm, d, dd, b' ', time @ ..] = stamp else {
        return None;
    };
    let (civil, b"") = time_of_day(time)? else {
        return None;
    };
    Some(Civil {
        year: 2000 + i64::from(number(&[*y, *yy])?),
        month: number(&[*m, *mm])?,
        day: number(&[*d, *dd])?,
        ..civil
    })
}

/// `20001010135536`, as Artifactory has written it, and `001010/135536.123` of hapi's good-console.
fn compact(stamp: &[u8]) -> Option<Civil> {
    let (century, date, time): (&[u8], _, _) = match stamp {
        [b'2', b'0', date @ ..] if date.len() == 12 => (b"20", &date[..6], &date[6..]),
        [date @ .., b'/', _, _, _, _, _, _] if date.len() == 6 => (b"20", date, &stamp[7..]),
        [date @ .., b'/', _, _, _, _, _, _, b'.', _, _, _] if date.len() == 6 => {
            (b"20", date, &stamp[7..])
        }
        _ => return None,
    };
    let two = |text: &[u8], at: usize| number(text.get(at..at + 2)?);
    let ms = match time.get(7..) {
        Some(fraction) => fraction_ms(fraction)?,
        None => 0,
    };
    Some(Civil {
        year: i64::from(100 * number(century)? + two(date, 0)?),
        month: two(date, 2)?,
        day: two(date, 4)?,
        hour: two(time, 0)?,
        minute: two(time, 2)?,
        second: two(time, 4)?,
        ms,
    })
}

/// `10/Oct/2000:13:55:36`, an optional fraction, and what follows. Python's servers have a space before the hour.
fn ncsa(stamp: &[u8]) -> Option<(Civil, &[u8])> {
    let (date, time) = stamp.split_at_checked(12)?;
    let [d, dd, b'/', m, mm, mmm, b'/', year @ .., b':' | b' '] = date else {
        return None;
    };
    let (civil, rest) = time_of_day(time)?;
    let civil = Civil {
        year: i64::from(number(year)?),
        month: month_of_name(&[*m, *mm, *mmm])?,
        day: number(&[*d, *dd])?,
        ..civil
    };
    Some((civil, rest))
}

/// `10/Oct/2000:13:55:36 -0700` of `10/oct./2000:13:55:36 -0700` or `10/October/2000:...`, as servers write it whose
/// locale has longer names; only those names are known that begin as the English ones do.
fn with_short_month(stamp: &[u8]) -> Option<Vec<u8>> {
    let (day, rest) = stamp.split_at_checked(3)?;
    let slash = rest.iter().take(11).position(|&byte| byte == b'/')?;
    let (month, behind) = rest.split_at(slash);
    let is_name = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'.';
    let is_longer = month.len() > 3 && day.ends_with(b"/") && month.iter().all(is_name);
    is_longer.then(|| [day, &month[..3], behind].concat())
}

/// `2026-03-10T09:43:00` or with `/` and a space, an optional fraction, and what follows.
fn iso(stamp: &[u8]) -> Option<(Civil, &[u8])> {
    let (date, time) = stamp.split_at_checked(11)?;
    let [
        y,
        yy,
        yyy,
        yyyy,
        a,
        m,
        mm,
        b,
        d,
        dd,
        separator @ (b'T' | b't' | b' ' | b'_' | b'-'),
    ] = *date
    else {
        return None;
    };
    let same_separator = a == b
        && match a {
            b'-' | b'/' => separator != b'-',
            // Sophos UTM's `2026:03:10-09:43:00`.
            b':' => separator == b'-',
            _ => false,
        };
    // Gin writes `2026/03/10 - 09:43:00`.
    let time = time.strip_prefix(b"- ").unwrap_or(time);
    let (civil, rest) = time_of_day(time)?;
    let civil = Civil {
        year: i64::from(number(&[y, yy, yyy, yyyy])?),
        month: number(&[m, mm])?,
        day: number(&[d, dd])?,
        ..civil
    };
    same_separator.then_some((civil, rest))
}

/// `Fri Oct 18 13:10:45.123456 2024`.
fn asctime(stamp: &[u8]) -> Option<Civil> {
    let (date, rest) = stamp.split_at_checked(11)?;
    let [_, _, _, b' ', m, mm, mmm, b' ', d, dd, b' '] = *date else {
        return None;
    };
    let (civil, year) = time_of_day(rest)?;
    let day = if d == b' ' {
        number(&[dd])?
    } else {
        number(&[d, dd])?
    };
    let year = i64::from(number(year.strip_prefix(b" ")?)?);
    Some(Civil {
        year,
        month: month_of_name(&[m, mm, mmm])?,
        day,
        ..civil
    })
}

/// `06/14/2021:10:20:30`, month first, as cPanel writes it, unless there is no such month; or the same with a space; and
/// what follows.
fn by_month_number(stamp: &[u8]) -> Option<(Civil, &[u8])> {
    let (date, time) = stamp.split_at_checked(11)?;
    let [m, mm, b'/', d, dd, b'/', y, yy, yyy, yyyy, b':' | b' '] = *date else {
        return None;
    };
    let (civil, rest) = time_of_day(time)?;
    let (first, second) = (number(&[m, mm])?, number(&[d, dd])?);
    let (month, day) = match first {
        ..=12 => (first, second),
        _ => (second, first),
    };
    let civil = Civil {
        year: i64::from(number(&[y, yy, yyy, yyyy])?),
        month,
        day,
        ..civil
    };
    Some((civil, rest))
}

/// `Fri, 22 Apr 2016 11:50:16 GMT`, the date of HTTP; and `Fri, 22-Apr-2016 11:50:16`.
fn http_date(stamp: &[u8]) -> Option<(Civil, &[u8])> {
    let (date, time) = stamp.split_at_checked(17)?;
    let [
        _,
        _,
        _,
        b',',
        b' ',
        d,
        dd,
        a,
        m,
        mm,
        mmm,
        b,
        y,
        yy,
        yyy,
        yyyy,
        b' ',
    ] = *date
    else {
        return None;
    };
    let (civil, rest) = time_of_day(time)?;
    let civil = Civil {
        year: i64::from(number(&[y, yy, yyy, yyyy])?),
        month: month_of_name(&[m, mm, mmm])?,
        day: number(&[d, dd])?,
        ..civil
    };
    (a == b && matches!(a, b' ' | b'-')).then_some((civil, rest))
}

/// In NCSA's form, what JavaScript writes as `Thu May 26 2016 22:32:54 GMT+0800 (CST)` (ECMA-262, `Date.prototype.toString`).
fn of_javascript(stamp: &[u8]) -> Option<Vec<u8>> {
    const LENGTH: usize = "Thu May 26 2016 22:32:54 GMT+0800".len();
    let stamp = stamp.get(..LENGTH)?;
    let (date, rest) = stamp
        .split_at_checked("Thu ".len())?
        .1
        .split_at_checked("May 26 2016".len())?;
    let (time, zone) = rest
        .strip_prefix(b" ")?
        .split_at_checked("22:32:54".len())?;
    let zone = zone.strip_prefix(b" GMT")?;
    let [month @ .., b' ', d, dd, b' ', _, _, _, _] = date else {
        return None;
    };
    Some(
        [
            &[*d, *dd, b'/'],
            month,
            b"/",
            &date[7..],
            b":",
            time,
            b" ",
            zone,
        ]
        .concat(),
    )
}

/// As syslog writes it, what klog writes as `1107 11:35:14.483075`, and what some relays do as `Nov 7 11:35:14`.
fn as_syslog(stamp: &[u8]) -> Option<Vec<u8>> {
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    match stamp {
        [m, mm, mmm, b' ', day, b' ', time @ ..]
            if [m, mm, mmm].iter().all(|byte| byte.is_ascii_alphabetic())
                && day.is_ascii_digit() =>
        {
            Some([&[*m, *mm, *mmm, b' ', b' ', *day, b' '], time].concat())
        }
        [m @ b'0'..=b'1', mm @ b'0'..=b'9', d, dd, b' ', time @ ..]
            if matches!(time, [_, _, b':', ..]) =>
        {
            let month = usize::from(10 * (m - b'0') + (mm - b'0')).checked_sub(1)?;
            let name = MONTHS.get(3 * month..3 * month + 3)?;
            Some([name, &[b' ', *d, *dd, b' '], time].concat())
        }
        _ => None,
    }
}

/// `Dec  9 13:01:26`, the stamp of RFC 3164, with or without a year and a fraction.
fn yearless(stamp: &[u8]) -> Option<(Civil, &[u8])> {
    let (date, time) = stamp.split_at_checked(7)?;
    let [m, mm, mmm, b' ', d, dd, b' '] = *date else {
        return None;
    };
    let (year, time) = match time.split_at_checked(5) {
        Some((year @ [_, _, _, _, b' '], time)) => (number(&year[..4]), time),
        _ => (None, time),
    };
    let (civil, rest) = time_of_day(time)?;
    let civil = Civil {
        month: month_of_name(&[m, mm, mmm])?,
        day: match d {
            b' ' => number(&[dd])?,
            _ => number(&[d, dd])?,
        },
        ..civil
    };
    let civil = match year {
        Some(year) => Civil {
            year: i64::from(year),
            ..civil
        },
        None => in_latest_year(civil, chrono::Utc::now())?,
    };
    Some((civil, rest))
}

/// A moment without its year, in the latest year that has it and does not put it more than a day ahead of
/// now: so December before January is the year before, and the 29th of February in a leap year.
fn in_latest_year(civil: Civil, now: chrono::DateTime<chrono::Utc>) -> Option<Civil> {
    /// Years from one leap year to the next, over a century that is none.
    const LEAP: i64 = 8;
    let year = i64::from(chrono::Datelike::year(&now));
    let latest_s = now.timestamp() + 86_400;
    let years = (year - LEAP..=year + 1).rev();
    years
        .map(|year| Civil { year, ..civil })
        .find(|civil| civil.seconds().is_some_and(|seconds| seconds <= latest_s))
}

/// `13:55:36` and an optional fraction behind `.` or `,`.
fn time_of_day(time: &[u8]) -> Option<(Civil, &[u8])> {
    let (clock, rest) = time.split_at_checked(8)?;
    let [h, hh, b':', m, mm, b':', s, ss] = *clock else {
        return None;
    };
    let (ms, rest) = match rest {
        [b'.' | b',', fraction @ ..] => {
            let end = fraction
                .iter()
                .position(|b| !b.is_ascii_digit())
                .unwrap_or(fraction.len());
            let (digits, rest) = fraction.split_at(end);
            (fraction_ms(digits)?, rest)
        }
        _ => (0, rest),
    };
    let (hour, minute, second) = (number(&[h, hh])?, number(&[m, mm])?, number(&[s, ss])?);
    Some((
        Civil {
            hour,
            minute,
            second,
            ms,
            ..Civil::default()
        },
        rest,
    ))
}

/// Time since the epoch; its size tells the unit, because no log is from before 1973 or after 2199.
fn epoch(stamp: &[u8]) -> Option<Instant> {
    /// 2200-01-01 in seconds since the epoch.
    const END_S: i64 = 7_258_118_400;
    let point = stamp.iter().position(|&b| b == b'.');
    let (whole, fraction) = stamp.split_at(point.unwrap_or(stamp.len()));
    if whole.len() > 19 || whole.is_empty() {
        return None;
    }
    let value = whole.iter().try_fold(0i64, |value, digit| match digit {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(i64::from(digit - b'0')),
        _ => None,
    })?;
    let fraction = match fraction {
        [] => 0,
        [_, digits @ ..] => fraction_ms(digits)?,
    };
    let ms = match value {
        ..100_000_000_000 => value * 1000 + i64::from(fraction),
        100_000_000_000..100_000_000_000_000 => value,
        100_000_000_000_000..100_000_000_000_000_000 => value / 1000,
        _ => value / 1_000_000,
    };
    (ms < END_S * 1000).then_some(Instant {
        ms,
        utc_offset_s: 0,
    })
}

#[cfg(test)]
#[path = "stamp_tests.rs"]
mod tests;
