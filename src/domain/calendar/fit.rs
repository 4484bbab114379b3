//! Whether a calendar fits what a source says about an asset: its exchange and its time zone.

use chrono::{NaiveDate, Offset, TimeZone};
use chrono_tz::Tz;

use super::{Calendar, Calendars};
use crate::domain::answer::Said;

/// Yahoo's exchange codes (`meta.exchangeName`) by calendar. Two calendars may share one: they have the same holidays,
/// or an index was moved.
const CODES: [(&str, &str); 60] = [
    ("24/5", "CCY"),
    ("24/7", "CCC"),
    ("ASEX", "ATH"),
    ("BVMF", "SAO"),
    ("CMES", "CMX NYM CME CBT"),
    ("XAMS", "AMS"),
    ("XASX", "ASX CXA"),
    ("XBKK", "SET"),
    ("XBOG", "BVC"),
    ("XBOM", "BSE"),
    ("XBRU", "BRU"),
    ("XBSE", "BVB"),
    ("XBUD", "BUD"),
    ("XBUE", "BUE"),
    ("XCBF", "CXI WCB"),
    ("XCSE", "CPH"),
    ("XDUB", "ISE"),
    ("XDUS", "DUS"),
    ("XETR", "GER"),
    ("XFRA", "FRA"),
    ("XHAM", "HAM HAN"),
    ("XHEL", "HEL"),
    ("XHKG", "HKG"),
    ("XICE", "ICE"),
    ("XIDX", "JKT"),
    ("XIST", "IST"),
    ("XJSE", "JNB"),
    ("XKAR", "KAR"),
    ("XKLS", "KLS"),
    ("XKRX", "KSC KOE"),
    ("XLIS", "LIS"),
    ("XLIT", "LIT"),
    ("XLON", "LSE IOB FGI"),
    ("XMAD", "MCE MAD"),
    ("XMEX", "MEX"),
    ("XMIL", "MIL TLO"),
    ("XMOS", "MCX"),
    ("XNSE", "NSI"),
    (
        "XNYS",
        "NYQ NMS NGM NCM PCX ASE BTS PNK NAS SNP DJI NIM WCB CXI",
    ),
    ("XNZE", "NZE"),
    ("XOSL", "OSL"),
    ("XPAR", "PAR ENX"),
    ("XPHS", "PHS PHP"),
    ("XPRA", "PRA"),
    ("XRIS", "RIS"),
    ("XSAU", "SAU"),
    ("XSES", "SES"),
    ("XSGO", "SGO"),
    ("XSHE", "SHZ"),
    ("XSHG", "SHH"),
    ("XSTO", "STO"),
    ("XSTU", "STU MUN BER"),
    ("XSWX", "EBS VTX"),
    ("XTAE", "TLV"),
    ("XTAI", "TAI TWO"),
    ("XTAL", "TAL"),
    ("XTKS", "JPX OSA"),
    ("XTSE", "TOR VAN CNQ NEO"),
    ("XWAR", "WSE"),
    ("XWBO", "VIE"),
];

/// The calendars of an exchange; empty for an unknown code.
fn calendars_of(code: &str) -> Vec<&'static str> {
    let has = |codes: &str| codes.split(' ').any(|c| c == code);
    let found = CODES.iter().filter(|(_, codes)| has(codes));
    found.map(|(calendar, _)| *calendar).collect()
}

impl Calendar {
    /// Why the calendar is not that of the exchange named by a source, in words; None if it is, or if the source's
    /// facts cannot tell. The clocks of two zones are compared around `day`.
    #[must_use]
    pub(crate) fn misfit(&self, said: &Said, day: NaiveDate) -> Option<String> {
        let is_known = CODES.iter().any(|(calendar, _)| *calendar == self.name());
        if let (Some(code), true) = (&said.exchange, is_known) {
            let fitting = calendars_of(code);
            if fitting.contains(&self.name()) {
                return None;
            }
            if !fitting.is_empty() {
                return Some(format!(
                    "the source names the exchange {code}, whose calendar is {}, not {}",
                    fitting.join(" or "),
                    self.name()
                ));
            }
        }
        let zone: Tz = said.zone.as_deref()?.parse().ok()?;
        (!same_clock(zone, self.zone(), day)).then(|| {
            format!(
                "the source says that its exchange is in {zone}, but {} is in {}",
                self.name(),
                self.zone()
            )
        })
    }
}

impl Calendars {
    /// The calendar of an exchange, by its code and its time zone at the source. The clocks of two zones are compared
    /// around `day`.
    ///
    /// # Errors
    /// Why no single calendar fits both, in words.
    pub(crate) fn of_exchange(
        &self,
        code: Option<&str>,
        zone: Option<&str>,
        day: NaiveDate,
    ) -> Result<String, String> {
        let instead = zone.map_or_else(String::new, |zone| {
            format!("; weekdays@{zone} treats every weekday as a session")
        });
        let code = code.ok_or_else(|| format!("the source does not name its exchange{instead}"))?;
        let mut names = calendars_of(code);
        if names.is_empty() {
            return Err(format!("its exchange {code} has no calendar here{instead}"));
        }
        let by_code = names.join(" or ");
        if let Some(zone) = zone.and_then(|zone| zone.parse::<Tz>().ok()) {
            let fits = |name: &&str| {
                let calendar = self.get(name);
                calendar.is_some_and(|calendar| same_clock(zone, calendar.zone(), day))
            };
            names.retain(fits);
        }
        match names[..] {
            [one] => Ok(one.to_owned()),
            [] => Err(format!(
                "its exchange {code} belongs to {by_code}, but its time zone is {}",
                zone.unwrap_or_default()
            )),
            _ => Err(format!(
                "its exchange {code} belongs to several calendars: {by_code}"
            )),
        }
    }
}

/// Whether two zones have the same time around a day, in summer and in winter: a place may have several names.
fn same_clock(one: Tz, other: Tz, day: NaiveDate) -> bool {
    const HALF_A_YEAR: u64 = 182;
    let days = [
        Some(day),
        day.checked_sub_days(chrono::Days::new(HALF_A_YEAR)),
    ];
    days.into_iter().flatten().all(|day| {
        let noon = day.and_hms_opt(12, 0, 0).unwrap_or_default();
        let offset = |zone: Tz| zone.offset_from_utc_datetime(&noon).fix();
        offset(one) == offset(other)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::{Calendars, built_in};

    fn said(exchange: &str, zone: &str) -> Said {
        Said {
            exchange: Some(exchange.to_owned()).filter(|e| !e.is_empty()),
            zone: Some(zone.to_owned()).filter(|z| !z.is_empty()),
            ..Said::default()
        }
    }

    #[test]
    fn a_calendar_fits_its_exchange_and_its_zone() {
        let day = "2026-11-28".parse().unwrap();
        let misfit = |calendar: &str, exchange: &str, zone: &str| {
            built_in(calendar).misfit(&said(exchange, zone), day)
        };
        for (calendar, exchange, zone) in [
            ("XTKS", "JPX", "Asia/Tokyo"),
            ("XNYS", "NMS", "America/New_York"),
            ("XNSE", "NSI", "Asia/Calcutta"),
            ("24/5", "CCY", "Europe/London"),
            ("24/7", "CCC", "UTC"),
            ("XNYS", "CXI", "America/Chicago"),
            ("XNYS", "XYZ", ""),
            ("XNYS", "", ""),
            ("weekdays@Europe/Sofia", "", "Europe/Sofia"),
        ] {
            assert_eq!(
                misfit(calendar, exchange, zone),
                None,
                "{calendar} {exchange}"
            );
        }
        assert_eq!(
            misfit("XNYS", "JPX", "Asia/Tokyo").unwrap(),
            "the source names the exchange JPX, whose calendar is XTKS, not XNYS"
        );
        // Paris and Frankfurt have one clock and other holidays.
        assert!(
            misfit("XETR", "PAR", "Europe/Paris")
                .unwrap()
                .contains("XPAR")
        );
        assert_eq!(
            misfit("XNYS", "XYZ", "Asia/Tokyo").unwrap(),
            "the source says that its exchange is in Asia/Tokyo, but XNYS is in America/New_York"
        );
    }

    #[test]
    fn an_exchange_has_a_calendar_where_its_zone_agrees() {
        let calendars = Calendars::built_in().unwrap();
        let day = "2026-11-28".parse().unwrap();
        let found = |code: &str, zone: &str| {
            let [code, zone] = [code, zone].map(|text| Some(text).filter(|t| !t.is_empty()));
            calendars.of_exchange(code, zone, day)
        };
        for (code, zone, calendar) in [
            ("NMS", "America/New_York", "XNYS"),
            ("LSE", "Europe/London", "XLON"),
            ("NSI", "Asia/Calcutta", "XNSE"),
            ("CCY", "Europe/London", "24/5"),
            ("CCC", "UTC", "24/7"),
            ("CMX", "America/New_York", "CMES"),
            ("CXI", "America/Chicago", "XCBF"),
            ("WCB", "America/New_York", "XNYS"),
            ("JPX", "", "XTKS"),
        ] {
            assert_eq!(found(code, zone).as_deref(), Ok(calendar), "{code} {zone}");
        }
        let refused = |code: &str, zone: &str| found(code, zone).unwrap_err();
        assert!(
            refused("JPX", "Europe/London").contains("XTKS, but its time zone is Europe/London")
        );
        assert!(refused("CXI", "").contains("XCBF or XNYS"));
        assert!(refused("NYB", "America/New_York").contains("weekdays@America/New_York"));
        assert!(refused("", "").contains("does not name"));
    }

    #[test]
    fn every_code_belongs_to_a_calendar() {
        let calendars = Calendars::built_in().unwrap();
        for (name, _) in CODES {
            assert!(calendars.get(name).is_some(), "{name}");
        }
    }
}
