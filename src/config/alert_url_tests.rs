//! Every notation of `ALERT_URL`, right and malformed, and what of it is hidden.

use proptest::prelude::*;

use super::alert_secrets::secrets;
use super::alert_url::{AlertUrls, read};
use super::channel::Channel;

const TOKEN: &str = "s3cr3t-Token_x";

fn read_all(value: &str) -> AlertUrls {
    read(value, |service| Ok(format!("http://{}", service.name())))
}

/// Name, address and target of each channel.
fn places(value: &str) -> Vec<(String, String, String)> {
    let read = read_all(value);
    assert_eq!(read.warnings, [""; 0], "{value}");
    let place = |c: Channel| {
        let target = c.target.map_or(String::new(), |t| t.expose().to_owned());
        (c.name, c.url.expose().to_owned(), target)
    };
    read.channels.into_iter().map(place).collect()
}

fn place(name: &str, url: &str, target: &str) -> (String, String, String) {
    (name.to_owned(), url.to_owned(), target.to_owned())
}

#[test]
fn a_service_is_read_as_apprise_does() {
    for (url, expected) in [
        (
            "discord://12/s3cr3t",
            place("discord", "http://discord/api/webhooks/12/s3cr3t", ""),
        ),
        (
            "discord://My%20bot@12/s3cr3t/?tts=yes",
            place("discord", "http://discord/api/webhooks/12/s3cr3t", ""),
        ),
        (
            "slack://bot@T1/B2/c3/",
            place("slack", "http://slack/services/T1/B2/c3", ""),
        ),
        (
            "tgram://123456:AB-c_d/987",
            place(
                "telegram",
                "http://telegram/bot123456:AB-c_d/sendMessage",
                "987",
            ),
        ),
        (
            "TGRAM://bot123456%3AAB-c_d/-100987?format=text",
            place(
                "telegram",
                "http://telegram/bot123456:AB-c_d/sendMessage",
                "-100987",
            ),
        ),
        (
            "tgram://123456:ABc/%40prices",
            place(
                "telegram",
                "http://telegram/bot123456:ABc/sendMessage",
                "@prices",
            ),
        ),
        (
            "tgram://1:A/prices",
            place("telegram", "http://telegram/bot1:A/sendMessage", "@prices"),
        ),
    ] {
        assert_eq!(places(url), [expected], "{url}");
    }
}

#[test]
fn a_server_of_one_s_own_is_read_as_apprise_does() {
    for (url, expected) in [
        ("ntfy://my-topic", place("ntfy", "http://ntfy/", "my-topic")),
        (
            "ntfys://my-topic/",
            place("ntfy", "http://ntfy/", "my-topic"),
        ),
        (
            "ntfy://ntfy.sh/my-topic",
            place("ntfy", "http://ntfy/", "my-topic"),
        ),
        (
            "ntfy://host:8080/t",
            place("ntfy", "http://host:8080/", "t"),
        ),
        (
            "ntfys://me:p%40ss@host.lan/t",
            place("ntfy", "https://host.lan/", "t"),
        ),
        ("ntfy://[::1]:80/t", place("ntfy", "http://[::1]:80/", "t")),
        ("json://host", place("json", "http://host", "")),
        (
            "jsons://me:pw@host:8443/a/b%20c?x=1",
            place("json", "https://host:8443/a/b%20c", ""),
        ),
        (
            "json://host/\u{ac00}",
            place("json", "http://host/%EA%B0%80", ""),
        ),
    ] {
        assert_eq!(places(url), [expected], "{url}");
    }
}

#[test]
fn a_chat_and_a_topic_is_a_channel_of_its_own_and_a_thread_goes_with_its_chat() {
    let value = "tgram://1:A/11/-22:5 \t ntfy://h/one/two tgram://2:B/33 discord://1/t";
    let names: Vec<String> = places(value).into_iter().map(|(name, ..)| name).collect();
    let expected = [
        "telegram",
        "telegram-2",
        "ntfy",
        "ntfy-2",
        "telegram-3",
        "discord",
    ];
    assert_eq!(names, expected);
    let threads = read_all(value).channels.into_iter().map(|c| c.thread);
    assert_eq!(threads.collect::<Vec<_>>()[..2], [None, Some(5)]);
}

#[test]
fn who_sends_is_said_by_a_name_or_a_header() {
    let headers = |url: &str| -> Vec<(String, String)> {
        let channel = read_all(url).channels.remove(0);
        let shown = channel.headers.into_iter();
        shown.map(|(n, v)| (n, v.expose().to_owned())).collect()
    };
    let is = |value: &str| vec![("authorization".to_owned(), value.to_owned())];
    assert_eq!(headers("ntfy://me:p%40ss@h/t"), is("Basic bWU6cEBzcw=="));
    assert_eq!(headers("ntfy://me@h/t"), is("Basic bWU6"));
    assert_eq!(headers("ntfys://tk_abc@h/t"), is("Bearer tk_abc"));
    assert_eq!(
        headers("ntfys://h/t?auth=token&token=tk_abc"),
        is("Bearer tk_abc")
    );
    assert_eq!(
        headers("json://me:p@h/?+X-Key=a%20b&other=1"),
        [
            ("authorization".to_owned(), "Basic bWU6cA==".to_owned()),
            ("x-key".to_owned(), "a b".to_owned()),
        ]
    );
    assert_eq!(
        headers("json://me:p@h/?+Authorization=Bearer%20x"),
        is("Bearer x")
    );
    assert_eq!(
        read_all("slack://My%20bot@A/B/C").channels[0]
            .sender
            .as_deref(),
        Some("My bot")
    );
}

#[test]
fn a_malformed_one_says_which_it_is_and_never_what_and_the_others_count() {
    for (url, kind, says) in [
        (
            "https://hooks.slack.com/s3cr3t",
            "",
            "it should begin with discord://",
        ),
        ("s3cr3t", "", "it should begin with"),
        ("discord://s3cr3t", " (discord)", "discord://id/token"),
        ("discord://1/s3cr3t/x", " (discord)", "discord://id/token"),
        ("discord://1/s3%ffcr3t", " (discord)", "malformed"),
        ("discord://1/s3%0Acr3t", " (discord)", "malformed"),
        (
            "slack://xoxb-1-s3cr3t/x",
            " (slack)",
            "a token of OAuth is not supported",
        ),
        ("slack://A/s3cr3t", " (slack)", "slack://A/B/C"),
        ("slack://A/B/s3cr3t/x", " (slack)", "has one channel"),
        ("tgram://s3cr3t", " (tgram)", "tgram://123456:token/chat"),
        ("tgram://1:s3cr3t", " (tgram)", "it names no chat"),
        (
            "tgram://1:s3cr3t/a%20b",
            " (tgram)",
            "tgram://123456:token/chat",
        ),
        (
            "tgram://1:s3cr3t/5:x",
            " (tgram)",
            "tgram://123456:token/chat",
        ),
        ("ntfy://s3cr3t.topic", " (ntfy)", "ntfy://host/topic"),
        ("ntfys://h/s3cr3t%20topic", " (ntfys)", "ntfy://host/topic"),
        ("ntfy://:s3cr3t@", " (ntfy)", "ntfy://host/topic"),
        ("json://", " (json)", "malformed"),
        ("json://h:port/s3cr3t", " (json)", "malformed"),
        ("json://h/?+X=s3%0Acr3t", " (json)", "malformed"),
        ("jsons://h/?+Host=s3cr3t", " (jsons)", "one of its headers"),
        ("jsons://h/?+a%20b=s3cr3t", " (jsons)", "one of its headers"),
    ] {
        let read = read_all(&format!("ntfy://good {url} tgram://1:A/2"));
        let names: Vec<&str> = read.channels.iter().map(|c| c.name.as_str()).collect();
        // Its place is kept, so that nothing is sent to another channel by the same name.
        let telegram = if kind == " (tgram)" {
            "telegram-2"
        } else {
            "telegram"
        };
        assert_eq!(names, ["ntfy", telegram], "{url}");
        let [warning] = read.warnings.as_slice() else {
            panic!("{url}: {:?}", read.warnings);
        };
        let start = format!("ALERT_URL, number 2{kind}: ");
        assert!(
            warning.starts_with(&start) && warning.contains(says),
            "{url}: {warning}"
        );
        assert!(!warning.contains("s3"), "{warning}");
    }
}

#[test]
fn a_service_whose_origin_is_wrong_is_not_asked_elsewhere() {
    let wrong = |_| Err("NTFY_BASE_URL is no http or https address".to_owned());
    let read = read("ntfy://topic ntfy://h/topic", wrong);
    assert_eq!(read.channels.len(), 1);
    assert_eq!(read.channels[0].name, "ntfy-2");
    assert!(read.warnings[0].contains("NTFY_BASE_URL is no http"));
}

#[test]
fn nothing_of_it_is_shown() {
    for url in [
        format!("discord://1234567890/{TOKEN}"),
        format!("slack://{TOKEN}/{TOKEN}/{TOKEN}"),
        format!("tgram://1234567890:{TOKEN}/1234567890"),
        format!("ntfy://me:{TOKEN}@h/{TOKEN}"),
        format!("ntfy://{TOKEN}"),
        format!("json://me:{TOKEN}@h/{TOKEN}?+X={TOKEN}"),
    ] {
        let read = read_all(&url);
        let shown = format!("{read:?}");
        assert!(
            !shown.contains(TOKEN) && !shown.contains("1234567890"),
            "{shown}"
        );
        let known = secrets(&url);
        assert!(
            known.iter().any(|s| s == TOKEN) && known.contains(&url),
            "{known:?}"
        );
    }
    let known = secrets("ntfy://me:p%40ss-word@home.lan/prices json://h/a%2Fb-long tgram://1:A/2");
    for secret in ["p@ss-word", "bWU6cEBzcy13b3Jk", "a/b-long", "a%2Fb-long"] {
        assert!(known.iter().any(|s| s == secret), "{secret}: {known:?}");
    }
    // A server of one's own is named in messages, and a common word is no secret.
    assert!(
        !known.iter().any(|s| s == "home.lan" || s == "prices"),
        "{known:?}"
    );
}

proptest! {
    #[test]
    fn whatever_is_set_is_read_and_not_shown(
        scheme in prop::sample::select(vec!["discord", "slack", "tgram", "ntfy", "jsons", "x", ""]),
        rest in "[!-~가]{12,40}",
    ) {
        let read = read_all(&format!("{scheme}://{rest}"));
        prop_assert!(read.channels.len() + read.warnings.len() > 0);
        let shown = format!("{:?}", read.warnings);
        prop_assert!(!shown.contains(&rest), "{shown}");
    }
}
