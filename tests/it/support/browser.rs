//! A headless Chromium for one test, driven through ChromeDriver's WebDriver interface.
//!
//! Only with `BROWSER_TEST=1`, as `scripts/test.sh` sets it where both programs are there.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// A test's own browser. Without `BROWSER_TEST=1` the test ends here and says that it was left out.
macro_rules! browser {
    ($language:expr) => {{
        fn here() {}
        let test = std::any::type_name_of_val(&here);
        match $crate::support::browser::Browser::of(test, $language) {
            Some(browser) => browser,
            None => return,
        }
    }};
}
pub(crate) use browser;

/// A browser that ends with its value, also when the test fails.
pub(crate) struct Browser {
    driver: Child,
    agent: ureq::Agent,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// A browser of this language; `None` when such tests are left out.
    pub(crate) fn of(function: &str, language: &str) -> Option<Self> {
        if env::var_os("BROWSER_TEST").is_none_or(|v| v != "1") {
            let test = function
                .trim_start_matches("it::")
                .trim_end_matches("::here");
            let line = format!("left out: {test} needs BROWSER_TEST=1\n");
            // Not by a macro: what a macro prints in a test that passes is kept back.
            io::stderr().write_all(line.as_bytes()).unwrap();
            return None;
        }
        let profile = tempfile::tempdir().unwrap();
        let (driver, port) = start_driver();
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(60)))
            .http_status_as_error(false);
        let mut browser = Self {
            driver,
            agent: config.build().into(),
            session: format!("http://127.0.0.1:{port}"),
            _profile: profile,
        };
        let profile = browser._profile.path().display().to_string();
        let started = browser.call("/session", &capabilities(language, &profile));
        let id = started["sessionId"].as_str().unwrap();
        browser.session = format!("{}/session/{id}", browser.session);
        // Away from the browser's own first page, which has requests of its own.
        browser.call("/url", &json!({ "url": "about:blank" }));
        browser.requests();
        Some(browser)
    }

    fn call(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.session);
        let answer = self.agent.post(&url).send(body.to_string()).unwrap();
        let text = answer.into_body().read_to_string().unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        let value = answer["value"].clone();
        assert!(value.get("error").is_none(), "{path}: {}", value["message"]);
        value
    }

    /// Opens a file and waits until its script has run.
    pub(crate) fn open(&self, path: &std::path::Path) {
        let path = path.display().to_string().replace('\\', "/");
        let url = format!("file:///{}", path.trim_start_matches('/'));
        self.call("/url", &json!({ "url": url }));
    }

    /// What a function body returns in the page.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.call("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// A text out of the page.
    pub(crate) fn text(&self, script: &str) -> String {
        let value = self.run(&format!("return String({script})"));
        value.as_str().unwrap().to_owned()
    }

    /// A command of the DevTools protocol.
    pub(crate) fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.call("/goog/cdp/execute", &body)
    }

    /// The size of the window's content.
    pub(crate) fn size(&self, width: u32, height: u32, is_phone: bool) {
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// `light` or `dark`.
    pub(crate) fn colours(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", features);
    }

    /// Moves the mouse to a point of an element, as shares of its width and height.
    pub(crate) fn hover(&self, selector: &str, x: f64, y: f64) {
        let place = self.run(&format!(
            "const e = document.querySelector({}); e.scrollIntoView({{block: 'center', behavior: 'instant'}});
             const b = e.getBoundingClientRect(); return [b.left + b.width * {x}, b.top + b.height * {y}];",
            json!(selector)
        ));
        let event = json!({"type": "mouseMoved", "x": place[0], "y": place[1]});
        self.devtools("Input.dispatchMouseEvent", event);
    }

    /// Presses a key where the focus is.
    pub(crate) fn press(&self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            self.devtools(
                "Input.dispatchKeyEvent",
                json!({"type": kind, "key": key, "code": key}),
            );
        }
    }

    /// What stands in the console since the last question, as messages.
    pub(crate) fn console(&self) -> Vec<String> {
        let entries = self.call("/se/log", &json!({ "type": "browser" }));
        let entries = entries.as_array().unwrap().iter();
        entries
            .map(|e| e["message"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The addresses of all requests since the last question.
    pub(crate) fn requests(&self) -> Vec<String> {
        let entries = self.call("/se/log", &json!({ "type": "performance" }));
        let entries = entries.as_array().unwrap().iter();
        let events = entries.map(|e| {
            let event: Value = serde_json::from_str(e["message"].as_str().unwrap()).unwrap();
            event["message"].clone()
        });
        events
            .filter(|event| event["method"] == "Network.requestWillBeSent")
            .map(|event| {
                event["params"]["request"]["url"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser with the session; where it is gone already, there is nothing left to end.
        drop(self.agent.delete(&self.session).call());
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

/// ChromeDriver on a free port, which it says itself.
fn start_driver() -> (Child, u16) {
    // It takes a free port for IPv4 and then the same for IPv6, which another process may have: then it ends.
    let mut tries = (0..5).map(|_| try_driver());
    tries
        .find_map(|started| started)
        .expect("chromedriver did not say its port")
}

fn try_driver() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .spawn()
        .expect("BROWSER_TEST=1 needs chromedriver");
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.find_map(|line| {
        let line = line.unwrap();
        let port = line.split("started successfully on port ").nth(1)?;
        port.trim_end_matches('.').parse().ok()
    });
    if port.is_none() {
        driver.wait().unwrap();
    }
    Some((driver, port?))
}

fn capabilities(language: &str, profile: &str) -> Value {
    let arguments = [
        "--headless".to_owned(),
        // As root, as in a container, it starts in no other way.
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-quic".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        format!("--user-data-dir={profile}"),
        format!("--lang={language}"),
        format!("--accept-lang={language}"),
    ];
    let mut options = json!({ "args": arguments });
    // Another one than the driver would find.
    if let Ok(binary) = env::var("CHROMIUM") {
        options["binary"] = Value::from(binary);
    }
    json!({"capabilities": {"alwaysMatch": {
        "browserName": "chrome",
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        "goog:chromeOptions": options,
    }}})
}
