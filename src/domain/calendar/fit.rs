//! Whether a calendar fits what a source says of an asset: its exchange and its time zone.

use chrono::{NaiveDate, Offset, TimeZone};
use chrono_tz::Tz;

use super::Calendar;
use crate::domain::answer::Said;

/// Yahoo's codes of the exchanges (`meta.exchangeName`), by calendar. Two calendars may share one: the same holidays, or an
/// index that was moved.
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

/// The calendars of an exchange; none for a code that is not known.
fn calendars_of(code: &str) -> Vec<&'static str> {
    let has = |codes: &str| codes.split(' ').any(|c| c == code);
    let found = CODES.iter().filter(|(_, codes)| has(codes));
    found.map(|(calendar, _)| *calendar).collect()
}

impl Calendar {
    /// Why the calendar is not that of the exchange that a source names, in words; None where it is, or where what is said
    /// cannot tell. `day` is one on which the clocks of two zones are compared.
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
                    "the source says that its exchange is {code}, whose calendar is {}, not {}",
                    fitting.join(" or "),
                    self.name()
                ));
            }
        }
        let zone: Tz = said.zone.as_deref()?.parse().ok()?;
        (!same_clock(zone, self.zone(), day)).then(|| {
            format!(
                "the source says that its exchange is in {zone}, {} is in {}",
                self.name(),
                self.zone()
            )
        })
    }
}

/// Whether two zones have the same time around a day, in summer and in winter: one place may have several names.
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
            "the source says that its exchange is JPX, whose calendar is XTKS, not XNYS"
        );
        // Paris and Frankfurt have one clock and other holidays.
        assert!(
            misfit("XETR", "PAR", "Europe/Paris")
                .unwrap()
                .contains("XPAR")
        );
        assert_eq!(
            misfit("XNYS", "XYZ", "Asia/Tokyo").unwrap(),
            "the source says that its exchange is in Asia/Tokyo, XNYS is in America/New_York"
        );
    }

    #[test]
    fn every_code_belongs_to_a_calendar() {
        let calendars = Calendars::built_in().unwrap();
        for (name, _) in CODES {
            assert!(calendars.get(name).is_some(), "{name}");
        }
    }
}
